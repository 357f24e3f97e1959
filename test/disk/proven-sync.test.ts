import assert from 'node:assert/strict';
import fs from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Proofs, ProvenSync, Witness } from '../../src/disk/proven-sync.ts';
import type { Disk } from '../../src/env/disk.ts';
import { systemDisk } from '../../src/node/disk.ts';
import { directoryFor } from '../store/temp-store.ts';

/** A file and its syncs, on a disk whose file system counts changes of the witness, and refuses them when it is told to. */
function setUp(t: TestContext, proofs: Proofs = 'longer') {
  const seen = { asked: 0, refuses: false };
  const ftruncate = ((fd: number, size: number, done: (error: Error | null) => void) => {
    seen.asked += 1;
    if (seen.refuses)
      return done(Object.assign(new Error('EROFS: read-only file system'), { code: 'EROFS' }));
    fs.ftruncate(fd, size, done);
  }) as Disk['ftruncate'];
  const disk: Disk = { ...systemDisk, ftruncate };
  const directory = directoryFor(t);
  const witness = new Witness(disk, join(directory, 'witness'));
  const fd = fs.openSync(join(directory, 'file'), 'w+');
  t.after(() => {
    witness.close();
    fs.closeSync(fd);
  });
  const proven = new ProvenSync(disk, fd, witness, proofs);
  const run = () => new Promise<Error | null>((resolve) => proven.run(resolve));
  const cut = () => fs.ftruncateSync(fd, 10);
  return { seen, disk, directory, run, cut, write: (at: number) => fs.writeSync(fd, 'x'.repeat(100), at) };
}

test('the witness is asked after a sync of a file that has become longer, and only then', async (t) => {
  const { seen, directory, run, write } = setUp(t);
  assert.deepEqual(fs.readdirSync(directory), ['file']);
  const asked: number[] = [];
  for (const at of [0, 0, 50, 0, 50, 200]) {
    write(at);
    assert.equal(await run(), null);
    asked.push(seen.asked);
  }
  assert.deepEqual(asked, [1, 1, 2, 2, 2, 3]);
});

test('a sync is not believed when the witness is refused, nor is the next', async (t) => {
  const { seen, run, write } = setUp(t);
  write(0);
  seen.refuses = true;
  assert.match(String(await run()), /EROFS/);
  assert.match(String(await run()), /EROFS/);
  assert.equal(seen.asked, 2);
});

test('a file that cannot be looked at is a sync that fails', async (t) => {
  const { run, write, disk } = setUp(t);
  write(0);
  disk.fstatSync = (() => {
    throw new Error('EIO: i/o error');
  }) as unknown as Disk['fstatSync'];
  assert.match((await run())?.message ?? '', /EIO/);
});

test('a file that was cut short is longer again before it is as long as it was', async (t) => {
  const { seen, run, write, cut } = setUp(t);
  write(100);
  await run();
  cut();
  await run();
  write(0);
  await run();
  assert.equal(seen.asked, 2);
});

test('where writes overtake each other, each sync is proven', async (t) => {
  const { seen, run, write } = setUp(t, 'always');
  write(100);
  await run();
  write(0);
  await run();
  assert.equal(seen.asked, 2);
});
