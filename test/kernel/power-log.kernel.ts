import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Random } from '../fuzz/random.ts';
import { makeExt4, recoverExt4 } from '../power/ext4.ts';
import type { Line } from '../power/journal.ts';
import { StoreTruth } from '../power/store-truth.ts';
import { type Entry, LossyDisk, readWriteLog } from '../power/write-log.ts';
import { Guest, loggedDisk } from './guest.ts';
import { makeImage, whyNoGuest } from './image.ts';

const SEED = Number(process.env['KEYFERRY_SEED'] ?? 1);
const STATES = Number(process.env['KEYFERRY_POWER_STATES'] ?? 40);
/** A store that does not sync is wrong at nearly all. */
const STATES_UNSYNCED = 20;
const LIVES = 8;
const STEPS = 200;
const DISK_KIB = 20 * 1024;
const JOURNAL_KIB = 4 * 1024;
const WAIT_MS = 900_000;
/** A database is longer than this after a checkpoint only. */
const CHECKPOINTED_BYTES = 64 * 1024;
/** Flushes after the store was opened that are always among the moments, with all lost that can be: what a killed process left counts as durable now. */
const OPENED_FLUSHES = 4;
const SHARES = [0, 0.3, 0.7, 0.95];

type Recorded = { readonly before: Buffer; readonly entries: readonly Entry[] };

/** The load of `test/power` runs in a guest, over some lives each of which ends by kill -9; every write and flush of its disk is recorded. */
async function record(t: TestContext, options: string): Promise<Recorded> {
  const directory = mkdtempSync(join(tmpdir(), 'keyferry-power-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const [lab, disk, log] = ['lab', 'data.ext4', 'data.log'].map((name) => join(directory, name));
  const random = new Random(SEED);
  const [sector, sectors] = [DISK_KIB * 2, JOURNAL_KIB * 2];
  const lives = Array.from({ length: LIVES }, (_, i) => {
    const steps = STEPS / 2 + random.below(STEPS);
    return `$node ${options} /system/test/power/store-writer.ts /data ${i + 1} ${SEED} ${steps} /dev/vdb ${sector} ${sectors}`;
  });
  mkdirSync(lab!);
  writeFileSync(
    join(lab!, 'first'),
    [
      'export NODE_COMPILE_CACHE=/lab/cache',
      'mkdir /data && mount -t ext4 /dev/vdb /data',
      ...lives,
      `echo '{"event":"lives.done"}'`,
      'poweroff -f',
    ].join('\n'),
  );
  writeFileSync(disk!, '');
  truncateSync(disk!, (DISK_KIB + JOURNAL_KIB) * 1024);
  makeExt4(disk!, DISK_KIB);
  const before = readFileSync(disk!);
  const guest = new Guest(makeImage(directory, lab!), directory, loggedDisk(disk!, log!));
  t.after(() => guest.end());
  await guest.until('the end of the lives', WAIT_MS, () => guest.count('lives.done') > 0);
  await guest.ended;
  return { before, entries: readWriteLog(log!) };
}

/**
 * Cuts the power right before the disk is told to flush, at moments spread over all of these, and looks at the store that is found. What can be
 * lost at any other moment can be lost at the next of these, and less is acknowledged. Returns what was wrong at each.
 */
async function cutPower(
  t: TestContext,
  { before, entries }: Recorded,
  states: number,
): Promise<readonly string[]> {
  const directory = mkdtempSync(join(tmpdir(), 'keyferry-power-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const random = new Random(SEED);
  const disk = new LossyDisk(before);
  const truth = new StoreTruth();
  const wrong: string[] = [];
  let flushesOfLife = 0;
  const counts = { flushes: 0, states: 0, unsynced: 0, databaseBytes: 0 };
  const chance = states / entries.filter(({ flush }) => flush).length;
  for (const [i, entry] of entries.entries()) {
    if (entry.flush) {
      counts.flushes += 1;
      const opened = flushesOfLife < OPENED_FLUSHES;
      const times = opened ? Math.max(1, chance) : chance;
      flushesOfLife += 1;
      for (let left = times; random.below(1_000) < left * 1_000; left--) {
        counts.states += 1;
        counts.unsynced += disk.unsynced;
        const found = join(directory, `${counts.states}`);
        writeFileSync(`${found}.ext4`, disk.afterPowerCut(random, opened ? 0 : random.pick(SHARES)));
        recoverExt4(`${found}.ext4`, found);
        counts.databaseBytes = Math.max(counts.databaseBytes, sizeOf(join(found, 'keys.sqlite')));
        const faults = [...truth.faults, ...(await truth.check(found))];
        if (faults.length > 0) wrong.push(`after ${i} of ${entries.length} orders: ${faults.join('; ')}`);
        for (const path of [`${found}.ext4`, found]) rmSync(path, { recursive: true });
      }
    }
    disk.take(entry);
    if (entry.sector < DISK_KIB * 2) continue;
    const line = JSON.parse(entry.data.toString('latin1')) as Line;
    truth.add(line);
    if (line.at === 'opened') flushesOfLife = 0;
  }
  t.diagnostic(`${JSON.stringify(counts)} ${JSON.stringify(truth.counts)}`);
  assert.ok(counts.unsynced > counts.states, 'there is something to lose');
  assert.equal(truth.counts.lives, LIVES);
  assert.ok(counts.databaseBytes > CHECKPOINTED_BYTES, 'the log was written back into the database');
  return wrong;
}

// Before the store is first flushed it need not be there.
const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

test(`whenever the power is cut, and whatever of the unsynced writes is lost, the store has all it acknowledged and gives nothing out twice (seed ${SEED})`, {
  skip: whyNoGuest(),
}, async (t) => {
  const recorded = await record(t, '');
  assert.deepEqual(await cutPower(t, recorded, STATES), []);
});

test(`a store that does not sync is found out (seed ${SEED})`, { skip: whyNoGuest() }, async (t) => {
  const recorded = await record(t, '--import /system/test/power/no-sync.ts');
  const wrong = await cutPower(t, recorded, STATES_UNSYNCED);
  t.diagnostic(`${wrong.length} states are wrong, as ${wrong[0]?.slice(0, 200)}`);
  assert.ok(
    wrong.some((what) => /is lost/.test(what)),
    'a block was lost',
  );
  assert.ok(
    wrong.some((what) => /is free/.test(what)),
    'key would be given out twice',
  );
});
