import assert from 'node:assert/strict';
import fs from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemDisk } from '../../src/node/disk.ts';
import { scanLog } from '../../src/store/log-scan.ts';
import { addBlock, closeStore, Lines, openStore, quickDirectoryFor } from './temp-store.ts';

/** The files of a store as a crash leaves them, after `blocks` transactions of several pages each. */
async function crashed(t: TestContext, blocks = 6): Promise<string> {
  const directory = quickDirectoryFor(t);
  const copy = quickDirectoryFor(t);
  const store = openStore(t, directory);
  for (let number = 0; number < blocks; number++) await addBlock(store, number, 300);
  for (const file of fs.readdirSync(directory)) fs.copyFileSync(join(directory, file), join(copy, file));
  await closeStore(store);
  return copy;
}

const logOf = (directory: string) => join(directory, 'keys.sqlite-wal');
const FRAME = 24 + 4096;

test('a log as a crash leaves it is whole, and its transactions are counted', async (t) => {
  const directory = await crashed(t);
  const scanned = scanLog(systemDisk, logOf(directory));
  // One made the store.
  assert.deepEqual([scanned.commits, scanned.cut, scanned.damaged], [7, 0, false]);
  assert.equal(scanned.frames, (fs.statSync(logOf(directory)).size - 32) / FRAME);
});

test('a log that ends anywhere in its last transaction opens without it, and the cut is said', async (t) => {
  const directory = await crashed(t);
  const { size } = fs.statSync(logOf(directory));
  for (let lost = 1; lost <= 3 * FRAME; lost += 1_371) {
    const copy = quickDirectoryFor(t);
    for (const file of fs.readdirSync(directory)) fs.copyFileSync(join(directory, file), join(copy, file));
    fs.truncateSync(logOf(copy), size - lost);
    const log = new Lines();
    const store = openStore(t, copy, { log });
    assert.deepEqual([...store.pool('B').own.keys()], [0, 1, 2, 3, 4], `${lost} bytes lost`);
    if (lost < 2 * FRAME) assert.equal(log.of('store.log_cut').length, 1);
    await closeStore(store);
  }
});

test('of the last transaction any pages may be missing: a power cut writes in any order', async (t) => {
  const directory = await crashed(t);
  const { size } = fs.statSync(logOf(directory));
  for (let behind = 1; behind <= 3; behind++) {
    const copy = quickDirectoryFor(t);
    for (const file of fs.readdirSync(directory)) fs.copyFileSync(join(directory, file), join(copy, file));
    const fd = fs.openSync(logOf(copy), 'r+');
    fs.writeSync(fd, Buffer.alloc(FRAME), 0, FRAME, size - behind * FRAME);
    fs.closeSync(fd);
    const store = openStore(t, copy);
    assert.equal(store.pool('B').own.size, 5);
    await closeStore(store);
  }
});

test('a byte that is bad before the last transaction refuses the store, and nothing of it is changed', async (t) => {
  const directory = await crashed(t);
  const bytes = fs.readFileSync(logOf(directory));
  for (const at of [0, 9, 20, 30, 32, 36, 43, 50, 500, 32 + FRAME, 32 + 5 * FRAME + 17]) {
    const spoilt = Buffer.from(bytes);
    spoilt[at]! ^= 4;
    fs.writeFileSync(logOf(directory), spoilt);
    const before = fs.readFileSync(join(directory, 'keys.sqlite'));
    // The second time, too: SQLite has not been let near it.
    for (const time of [1, 2])
      assert.throws(
        () => openStore(t, directory),
        { code: 'host.store_damaged' },
        `byte ${at}, time ${time}`,
      );
    assert.ok(fs.readFileSync(logOf(directory)).equals(spoilt));
    assert.ok(fs.readFileSync(join(directory, 'keys.sqlite')).equals(before));
  }
});

test('a database that is gone while its log is there is not made anew', async (t) => {
  for (const lose of [fs.rmSync, fs.truncateSync]) {
    const directory = await crashed(t);
    lose(join(directory, 'keys.sqlite'));
    assert.throws(() => openStore(t, directory), { code: 'host.store_damaged' });
  }
});

test('frames of an earlier round of the log behind its end are no damage', async (t) => {
  const directory = quickDirectoryFor(t);
  const store = openStore(t, directory);
  // Beyond a thousand pages SQLite brings them into the database and begins the log anew.
  for (let number = 0; number < 240; number++) await addBlock(store, number, 500);
  await addBlock(store, 240, 4);
  const scanned = scanLog(systemDisk, logOf(directory));
  assert.equal(scanned.damaged, false);
  assert.ok(scanned.frames * FRAME < fs.statSync(logOf(directory)).size / 2, 'the log was begun anew');
});
