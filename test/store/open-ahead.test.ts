import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { limits } from '../../src/limits.ts';
import { Allocator } from '../../src/store/allocator.ts';
import { Block } from '../../src/store/block.ts';
import type { KeyStore } from '../../src/store/key-store.ts';
import { OpenAhead } from '../../src/store/open-ahead.ts';
import { ManualClock } from '../manual-clock.ts';
import { PowerCut } from './power-cut.ts';
import { addBlock, closeStore, directoryFor, openStore } from './temp-store.ts';

const UNITS = 400;
const LOST_MAX = limits.openAheadUnitsMax * 1.5;

/** A node with `blocks` blocks of theirs, under a clock that the test turns. */
async function setUp(t: TestContext, blocks = 2) {
  const cutter = new PowerCut();
  const root = directoryFor(t);
  const directory = join(root, 'before');
  mkdirSync(directory);
  const clock = new ManualClock();
  const store = openStore(t, directory, { clock, disk: cutter.disk });
  for (let number = 0; number < blocks; number++) await addBlock(store, number, UNITS, { own: false });
  const allocator = new Allocator(store);
  const open = (number: number, index: number, units = 1) => openOne(store, allocator, number, index, units);
  /** What is there after a power cut that leaves nothing but what was synced, or as much more as `share` says. */
  const cut = (share = 0): KeyStore => {
    const after = join(root, 'after');
    mkdirSync(after);
    cutter.copy(directory, after, share);
    return openStore(t, after, { clock, disk: cutter.disk });
  };
  return { clock, store, directory, open, cut };
}

async function openOne(store: KeyStore, allocator: Allocator, number: number, index: number, units = 1) {
  const opened = await allocator.open(store.pool('B'), [{ number, index, units }], true);
  for (const bytes of opened ?? []) bytes.wipe();
  return opened !== undefined;
}

/** Which units of a block can be opened now; they are opened by that. */
async function free(store: KeyStore, number = 0): Promise<number[]> {
  const allocator = new Allocator(store);
  const found: number[] = [];
  for (let index = 0; index < UNITS; index++)
    if (await openOne(store, allocator, number, index)) found.push(index);
  return found;
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

test('key that is fetched quickly and in order waits for few syncs, over the bounds of blocks', async (t) => {
  const { store, open } = await setUp(t);
  const before = store.commit.commits;
  for (const number of [0, 1]) for (const index of range(0, UNITS)) assert.ok(await open(number, index));
  const commits = store.commit.commits - before;
  assert.ok(commits < 70, `${commits} transactions for ${2 * UNITS} keys`);
});

test('of key of a link nothing is burnt ahead: what we say was used its owner compares with what it has burnt', async (t) => {
  const { store, open, cut } = await setUp(t, 0);
  await addBlock(store, 0, UNITS, { own: false, origin: 'link' });
  for (const index of range(0, 200)) assert.ok(await open(0, index));
  assert.deepEqual(await free(cut()), range(200, UNITS));
});

for (const share of [0, 0.5, 1])
  test(`a power cut under quick use costs a bounded number of keys, and opens none twice (${share} of the rest of the log kept)`, async (t) => {
    const { open, cut } = await setUp(t);
    for (const index of range(0, 200)) assert.ok(await open(0, index));
    const left = await free(cut(share));
    assert.ok(left[0]! >= 200, `${left[0]} was opened before the cut`);
    assert.ok(UNITS - 200 - left.length <= LOST_MAX, `${UNITS - 200 - left.length} keys are lost`);
  });

test('key that was left behind can be fetched after a power cut', async (t) => {
  const { open, cut } = await setUp(t);
  for (const index of range(0, 300)) if (index % 3 !== 0) assert.ok(await open(0, index));
  const left = await free(cut());
  const skipped = range(0, 300 - LOST_MAX).filter((index) => index % 3 === 0);
  assert.deepEqual(
    left.filter((index) => index < 300 - LOST_MAX),
    skipped,
  );
});

test('what was burnt ahead in one block is free again when the fetching has moved on to the next', async (t) => {
  const { open, cut } = await setUp(t);
  for (const index of range(0, 100)) assert.ok(await open(0, index));
  for (const index of range(0, 50)) assert.ok(await open(1, index));
  assert.deepEqual(await free(cut()), range(100, UNITS));
});

test('an orderly end costs no key', async (t) => {
  const { store, directory, open } = await setUp(t);
  for (const index of range(0, 200)) assert.ok(await open(0, index));
  await closeStore(store);
  assert.deepEqual(await free(openStore(t, directory)), range(200, UNITS));
});

test('a power cut costs no key when nothing was fetched for a while', async (t) => {
  const { clock, store, open, cut } = await setUp(t);
  for (const index of range(0, 200)) assert.ok(await open(0, index));
  await store.putMeta('after', 'the last burn');
  clock.advance(limits.openAheadIdleMs);
  await store.putMeta('after', 'what was freed');
  assert.deepEqual(await free(cut()), range(200, UNITS));
});

test('a power cut costs no key when key is fetched slowly', async (t) => {
  const { clock, open, cut } = await setUp(t);
  for (const index of range(0, 100)) {
    assert.ok(await open(0, index));
    clock.advance(limits.burnStrideMs / (limits.burnStrideUnitsMin - 2));
  }
  assert.deepEqual(await free(cut()), range(100, UNITS));
});

test('key that is fetched quickly in no order has little burnt ahead, and each is burnt before it is handed out', async (t) => {
  const { open, cut } = await setUp(t);
  const order = range(0, UNITS).map((i) => (i * 149) % UNITS);
  for (const index of order.slice(0, 200)) assert.ok(await open(0, index));
  const left = await free(cut());
  const opened = new Set(order.slice(0, 200));
  assert.deepEqual(
    left.filter((index) => opened.has(index)),
    [],
  );
  assert.ok(left.length >= 200 - LOST_MAX, `${200 - left.length} keys are lost`);
});

test('many requests at one time are answered while the burn moves on, each once', async (t) => {
  const { store, open, cut } = await setUp(t);
  const before = store.commit.commits;
  for (const group of range(0, 40)) {
    const answers = await Promise.all(range(group * 8, group * 8 + 8).map((index) => open(0, index)));
    assert.ok(answers.every(Boolean));
    assert.equal(await open(0, group * 8), false);
  }
  assert.ok(store.commit.commits - before < 60, `${store.commit.commits - before} transactions`);
  const left = await free(cut());
  assert.ok(left[0]! >= 320);
});

test('while the window moves, only what it covers before and after counts as burnt', () => {
  const row = { id: 1, pool: 'B', own: 0, number: 4, origin: 'relay', units: UNITS, created_ms: 0, epoch: 0 };
  const block = new Block({ ...row, state: 'ready', first: 0 });
  const ahead = new OpenAhead();
  const part = (index: number) => ({ block, index, units: 1 });
  const open = (index: number) => {
    assert.ok(block.use(index, 1));
    return ahead.opened(part(index), 0) ? ahead.move(part(index), 0) : [];
  };
  // As long as it grows: moved and durable at once.
  let next = 0;
  for (; next < 200; next++) if (open(next).length > 0) ahead.moved(true);
  const covered = () => range(0, UNITS).filter((index) => ahead.covers(part(index)));
  const before = covered();
  while (open(next).length === 0) next += 1;
  const during = covered();
  const image = ahead.image(block);
  ahead.moved(true);
  const after = covered();
  assert.ok(after.at(-1)! > before.at(-1)! && after[0]! > before[0]!);
  assert.deepEqual(during, range(after[0]!, before.at(-1)! + 1));
  for (const index of range(0, UNITS))
    assert.equal((image[index >> 3]! >> (index & 7)) & 1, index <= after.at(-1)! ? 1 : 0, `unit ${index}`);
});
