/** What a power cut leaves of the simulated disk, held against the same truth as what it leaves of a real kernel's (test/kernel/power-log.kernel.ts). */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Disk } from '../../src/env/disk.ts';
import { Random } from '../fuzz/random.ts';
import type { Line } from '../power/journal.ts';
import { StoreLoad } from '../power/store-load.ts';
import { StoreTruth } from '../power/store-truth.ts';
import { openUnderTest } from '../power/store-under-test.ts';
import { quickDirectoryFor } from '../store/temp-store.ts';
import type { Loss } from './crash-image.ts';
import { SimDisk } from './sim-disk.ts';

const LIVES = 25;
const SEED = Number(process.env['KEYFERRY_SEED'] ?? 1);
const STEPS_MAX = 400;

test(`a store keeps its word over ${LIVES} power cuts on the simulated disk (seed ${SEED})`, async (t) => {
  const { faults, cuts, counts } = await live(t, (calls) => calls);
  assert.deepEqual(faults, []);
  assert.ok(cuts === LIVES && counts.keys + counts.units > 1_000, JSON.stringify({ cuts, ...counts }));
});

test('a disk that says it has synced, and has not, is found out', async (t) => {
  const { faults } = await live(t, (calls) => ({
    ...calls,
    fdatasync: ((_file: number, done: () => void) => void setImmediate(done)) as Disk['fdatasync'],
  }));
  assert.notEqual(faults.length, 0);
});

async function live(t: TestContext, disguise: (calls: Disk) => Disk) {
  const root = quickDirectoryFor(t);
  const random = new Random(SEED);
  const disk = new SimDisk({
    root: join(root, 'lives'),
    name: '/simulated',
    random,
    syncMs: () => 0,
    later: (_ms, fn) => void setImmediate(fn),
    checkpointCommits: 60,
  });
  const truth = new StoreTruth();
  const faults: string[] = [];
  let cuts = 0;
  for (let life = 1; life <= LIVES && faults.length === 0; life++) {
    const loss: Loss = { keptPercent: random.pick([0, 30, 70, 100]), inOrder: random.once(2) };
    cuts += (await oneLife(disk, disguise, truth, random, life, loss)) ? 1 : 0;
    const copy = join(root, `look-${life}`);
    mkdirSync(copy);
    cpSync(disk.directory, copy, { recursive: true });
    faults.push(...truth.faults, ...(await truth.check(copy)));
  }
  return { faults, cuts, counts: truth.counts };
}

/** @returns whether the power was cut in the middle of a write */
async function oneLife(
  disk: SimDisk,
  disguise: (calls: Disk) => Disk,
  truth: StoreTruth,
  random: Random,
  life: number,
  loss: Loss,
): Promise<boolean> {
  const calls = disguise(disk.begin());
  const state = { cut: false };
  const heard = (line: Line) => {
    if (!state.cut) truth.add(line);
  };
  const store = openUnderTest('/simulated', (what) => heard({ life, at: 'failed', what }), calls);
  heard({ life, at: 'opened', storeId: store.storeId });
  const load = new StoreLoad(store, heard, new Random(SEED * 1_000 + life), life);
  disk.cutAfter(20 + random.below(200), () => {
    state.cut = true;
    return loss;
  });
  for (let step = 0; step < STEPS_MAX && !state.cut; step++) await load.step();
  if (!state.cut) disk.cut(loss);
  return state.cut;
}
