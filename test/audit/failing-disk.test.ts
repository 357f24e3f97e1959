import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Disk } from '../../src/env/disk.ts';
import { systemDisk } from '../../src/node/disk.ts';
import { directoryFor } from '../store/temp-store.ts';
import { event, trailFor } from './trail-for.ts';

const started = { what: 'agent.started', who: 'agent', outcome: 'done' } as const;
const stopped = { ...started, what: 'agent.stopped' } as const;

/** Whether a trail refuses key: before a line that the disk does not take, after it, and when the disk takes it. */
async function refusals(t: TestContext, whenFull: 'refuse' | 'go_on'): Promise<boolean[]> {
  let full = true;
  const write = ((file: number, bytes: Buffer, from: number, length: number, at: null, done: Written) => {
    if (full) done(new Error('ENOSPC: no space left on device'), 0);
    else systemDisk.write(file, bytes, from, length, at, done);
  }) as Disk['write'];
  const { trail } = trailFor(t, directoryFor(t), { disk: { ...systemDisk, write }, whenFull });
  const seen = [trail.refusing];
  trail.record(event(1));
  assert.equal(await trail.seal(), undefined, 'it is not on the disk');
  assert.equal(trail.status.lost, 0, 'there is room for it in memory');
  seen.push(trail.refusing);
  full = false;
  assert.ok(await trail.seal());
  return [...seen, trail.refusing];
}

type Written = (error: Error | null, count: number) => void;

test('no key is supplied from the first line on that the disk does not take, where that is wanted, until it takes it', async (t) => {
  assert.deepEqual(await refusals(t, 'refuse'), [false, true, false]);
  assert.deepEqual(await refusals(t, 'go_on'), [false, false, false]);
});

test('a file that says an error when it is closed is closed once, and the trail goes on', async (t) => {
  let opens = 0;
  const files = new Set<number>();
  const closes: number[] = [];
  const openSync: Disk['openSync'] = (path, flags, mode) => {
    const file = systemDisk.openSync(path, flags, mode);
    if (flags !== 'a') return file;
    opens += 1;
    files.add(file);
    return file;
  };
  const closeSync = (file: number): void => {
    systemDisk.closeSync(file);
    if (files.has(file) && closes.push(file) === 1) throw new Error('EIO: i/o error');
  };
  const disk = { ...systemDisk, openSync, closeSync };
  const { trail } = trailFor(t, directoryFor(t), { disk, maxBytes: 64 << 10 });
  for (let i = 0; i < 10_000 && closes.length === 0; i++) {
    trail.record(event(i));
    await trail.seal();
  }
  assert.ok(await trail.seal(), trail.status.failure ?? '');
  assert.deepEqual([opens, closes.length], [2, 1]);
});

/** What is written and synced while the trail is opened after an agent whose last event was `last`. */
async function rewritten(t: TestContext, last: typeof started | typeof stopped): Promise<number[]> {
  const directory = directoryFor(t);
  const { trail } = trailFor(t, directory);
  trail.record(started);
  await trail.stop(last);
  await trail.end();
  const disk = { ...systemDisk };
  const { mock: writes } = t.mock.method(disk, 'writeSync');
  const { mock: syncs } = t.mock.method(disk, 'fdatasyncSync');
  trailFor(t, directory, { disk });
  return [writes.callCount(), syncs.callCount()];
}

test('the newest file after a crash is written once more, for its last sync may have failed; after an orderly end it is believed', async (t) => {
  assert.deepEqual(await rewritten(t, started), [1, 1]);
  assert.deepEqual(await rewritten(t, stopped), [0, 0]);
});
