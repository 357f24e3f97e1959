import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { TrailWriter } from '../../src/audit/trail-writer.ts';
import type { Disk } from '../../src/env/disk.ts';
import { limits } from '../../src/limits.ts';
import { systemDisk } from '../../src/node/disk.ts';
import { ManualClock } from '../manual-clock.ts';
import { directoryFor, Lines } from '../store/temp-store.ts';

const NAME = 'audit-1.jsonl';

type Written = (error: Error | null, count: number) => void;

/** A writer on a real disk on which each write waits for `let on`. */
function slowWriter(t: TestContext) {
  const directory = directoryFor(t);
  const clock = new ManualClock();
  const held: (() => Promise<void>)[] = [];
  const writes: string[] = [];
  let syncs = 0;
  const write = (file: number, bytes: Buffer, from: number, length: number, at: null, done: Written) => {
    writes.push(bytes.toString());
    const go = (gone: () => void): void =>
      systemDisk.write(file, bytes, from, length, at, (error, count) => {
        done(error, count);
        gone();
      });
    held.push(() => new Promise(go));
  };
  const fdatasync = (file: number, done: (error: Error | null) => void) => {
    syncs += 1;
    systemDisk.fdatasync(file, done);
  };
  const disk = { ...systemDisk, write: write as Disk['write'], fdatasync: fdatasync as Disk['fdatasync'] };
  const writer = new TrailWriter(disk, directory, NAME, clock, new Lines());
  t.after(() => writer.close());
  /** Turns the clock, and lets what that set off come about. */
  const pass = async (ms: number): Promise<void> => {
    clock.advance(ms);
    for (let i = 0; i < 4; i++) await turn();
  };
  const letOn = async (): Promise<void> => {
    await held.shift()!();
    for (let i = 0; i < 8; i++) await turn();
  };
  return { writer, writes, pass, letOn, syncs: () => syncs };
}

test('what comes while the disk takes a write waits its time and goes in one write, however long that took', async (t) => {
  const { writer, writes, pass, letOn } = slowWriter(t);
  writer.push({ line: '1' });
  await pass(limits.auditWriteMs);
  assert.deepEqual(writes, ['1\n']);
  writer.push({ line: '2' });
  await letOn();
  writer.push({ line: '3' });
  await pass(limits.auditWriteMs - 1);
  assert.deepEqual(writes, ['1\n'], 'it waits for more');
  await pass(1);
  assert.deepEqual(writes, ['1\n', '2\n3\n']);
  await letOn();
});

test('an urgent line that comes while the disk takes a write is written and synced right after it', async (t) => {
  const { writer, writes, pass, letOn, syncs } = slowWriter(t);
  writer.push({ line: '1' });
  await pass(limits.auditWriteMs);
  writer.push({ line: '2' }, true);
  await pass(0);
  await letOn();
  assert.equal(syncs(), 0, 'of what is not urgent, later');
  await pass(0);
  assert.deepEqual(writes, ['1\n', '2\n']);
  await letOn();
  for (let i = 0; i < 1_000 && syncs() === 0; i++) await turn();
  assert.equal(syncs(), 1);
});

test('the sync of what is not urgent comes, though a write is under way when it is due', async (t) => {
  const { writer, pass, letOn, syncs } = slowWriter(t);
  writer.push({ line: '1' });
  await pass(limits.auditWriteMs);
  await letOn();
  await pass(limits.auditSyncMs - limits.auditWriteMs - 10);
  writer.push({ line: '2' });
  await pass(limits.auditWriteMs);
  await pass(10);
  assert.equal(syncs(), 0, 'the write goes first');
  await letOn();
  for (let i = 0; i < 1_000 && syncs() === 0; i++) await pass(1);
  assert.equal(syncs(), 1);
});
