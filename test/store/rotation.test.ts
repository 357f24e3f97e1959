import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Disk } from '../../src/env/disk.ts';
import { systemDisk } from '../../src/node/disk.ts';
import { systemEntropy } from '../../src/node/entropy.ts';
import { SecretBytes } from '../../src/secret/secret-bytes.ts';
import { readMeta } from '../../src/store/database.ts';
import { StoreKeyFile } from '../../src/store/store-key.ts';
import { addBlock, closeStore, databaseOf, directoryFor, failNext, keyOf, openStore } from './temp-store.ts';

const nodeKey = (fill: number) => SecretBytes.copyOf(Buffer.alloc(32, fill));

async function filled(
  t: Parameters<typeof openStore>[0],
  directory: string,
  disk = systemDisk,
  onBroken?: () => void,
) {
  const store = openStore(t, directory, { disk, ...(onBroken && { onBroken }) });
  await addBlock(store, 0, 8);
  await addBlock(store, 2, 4_000);
  await store.foreign.insert('P', [{ id: 'one', bytes: keyOf(50, 1) }]);
  await addBlock(store, 4, 4, { epoch: 4 });
  return store;
}

test('after a rotation both node keys open the store until the new one was given; then the old one does not', async (t) => {
  const directory = directoryFor(t);
  const store = await filled(t, directory);
  assert.equal(
    await store.rotation.rotate(nodeKey(7), nodeKey(8)),
    5,
    'three blocks, an ID secret and a foreign key',
  );
  const added = await addBlock(store, 6, 4);
  assert.ok(store.open.view(added).equals(keyOf(6, 4).view()));
  await closeStore(store);
  await closeStore(openStore(t, directory, { nodeKey: 7 }));
  const again = openStore(t, directory, { nodeKey: 8 });
  for (const [number, units] of [
    [0, 8],
    [2, 4_000],
    [6, 4],
  ] as const) {
    const block = again.pool('B').own.get(number)!;
    assert.ok(again.open.view(block).equals(keyOf(number, units).view()), `block ${number}`);
  }
  assert.ok(again.pool('B').idSecrets.own.get(4));
  assert.ok((await again.foreign.take('P', ['one']))?.[0]?.view().equals(keyOf(50, 1).view()));
  await closeStore(again);
  assert.throws(() => openStore(t, directory, { nodeKey: 7 }), { code: 'configuration.wrong_node_key' });
});

test('the new node key takes effect without a restart, when the agent is given it', async (t) => {
  const directory = directoryFor(t);
  const store = await filled(t, directory);
  await store.rotation.rotate(nodeKey(7), nodeKey(8));
  assert.equal(store.rotation.given(nodeKey(7)), 2);
  assert.equal(store.rotation.given(nodeKey(8)), 1);
  assert.throws(() => store.rotation.given(nodeKey(7)), { code: 'configuration.wrong_node_key' });
});

test('a rotation that fails changes nothing', async (t) => {
  const directory = directoryFor(t);
  const store = await filled(t, directory);
  failNext(store);
  await assert.rejects(store.rotation.rotate(nodeKey(7), nodeKey(8)), { code: 'host.store_write_failed' });
  await assert.rejects(store.rotation.rotate(nodeKey(9), nodeKey(8)), {
    code: 'configuration.wrong_node_key',
  });
  const added = await addBlock(store, 6, 4);
  assert.ok(store.open.view(added).equals(keyOf(6, 4).view()));
  await closeStore(store);
  assert.throws(() => openStore(t, directory, { nodeKey: 8 }), { code: 'configuration.wrong_node_key' });
  assert.equal(openStore(t, directory).pool('B').own.size, 4);
});

test('a rotation whose end the disk does not take is in force, and the start after it tidies up', async (t) => {
  const directory = directoryFor(t);
  let writes = 0;
  const writeFileSync: typeof systemDisk.writeFileSync = (path, ...rest) => {
    if (String(path).endsWith('keys.sealing.new') && ++writes === 3) throw new Error('ENOSPC');
    systemDisk.writeFileSync(path, ...rest);
  };
  const store = await filled(t, directory, { ...systemDisk, writeFileSync });
  const before = String(readMeta(await databaseOf(store), 'store_key'));
  assert.equal(await store.rotation.rotate(nodeKey(7), nodeKey(8)), 5);
  const keys = new StoreKeyFile(systemDisk, join(directory, 'keys.sealing'), systemEntropy);
  assert.equal(keys.holders(before), 1);
  await closeStore(store);
  await closeStore(openStore(t, directory, { nodeKey: 8 }));
  assert.equal(keys.holders(before), 0);
});

test('a rotation whose transaction may be on the disk leaves both store keys', async (t) => {
  const directory = directoryFor(t);
  let isBroken = false;
  const fdatasync = ((file: number, done: (error: Error | null) => void) =>
    isBroken ? done(new Error('EIO')) : systemDisk.fdatasync(file, done)) as Disk['fdatasync'];
  const store = await filled(t, directory, { ...systemDisk, fdatasync }, () => {});
  isBroken = true;
  await assert.rejects(store.rotation.rotate(nodeKey(7), nodeKey(8)));
  await closeStore(store);
  assert.equal(openStore(t, directory, { nodeKey: 8 }).pool('B').own.size, 3);
});

test('a start that cannot make the log durable leaves both store keys: what the disk names opens after the power is back', async (t) => {
  const directory = directoryFor(t);
  const log = join(directory, 'keys.sqlite-wal');
  const logs = new Set<number>();
  let failing = false;
  const failure = () => Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' });
  const disk: Disk = {
    ...systemDisk,
    openSync: (path, ...how) => {
      const file = systemDisk.openSync(path, ...how);
      if (path === log) logs.add(file);
      return file;
    },
    fdatasync: (file, done) =>
      failing && logs.has(file) ? setImmediate(done, failure()) : systemDisk.fdatasync(file, done),
    fdatasyncSync: (file) => {
      if (failing && logs.has(file)) throw failure();
      systemDisk.fdatasyncSync(file);
    },
  } as Disk;
  const store = await filled(t, directory, disk, () => {});
  const ofDisk = [log, join(directory, 'keys.sqlite')].map((path) => [path, readFileSync(path)] as const);
  failing = true;
  await assert.rejects(store.rotation.rotate(nodeKey(7), nodeKey(8)), { code: 'host.store_sync_failed' });
  await closeStore(store).catch(() => {});
  assert.throws(() => openStore(t, directory, { disk, nodeKey: 8 }), { code: 'host.store_unusable' });
  failing = false;
  for (const [path, bytes] of ofDisk) writeFileSync(path, bytes);
  assert.equal(openStore(t, directory, { nodeKey: 7 }).pool('B').own.size, 3);
});

test('a rotation leaves the store key of before openable by nobody', async (t) => {
  const directory = directoryFor(t);
  const store = await filled(t, directory);
  const db = await databaseOf(store);
  const keyId = () => String(readMeta(db, 'store_key'));
  const keys = new StoreKeyFile(systemDisk, join(directory, 'keys.sealing'), systemEntropy);
  const before = keyId();
  assert.equal(keys.holders(before), 1);
  await store.rotation.rotate(nodeKey(7), nodeKey(8));
  assert.deepEqual([keys.holders(before), keys.holders(keyId())], [0, 2]);
});

test('an old copy of the file with the store keys opens nothing after a rotation', async (t) => {
  const directory = directoryFor(t);
  const store = await filled(t, directory);
  const path = join(directory, 'keys.sealing');
  const before = readFileSync(path);
  await store.rotation.rotate(nodeKey(7), nodeKey(8));
  assert.equal(store.rotation.given(nodeKey(8)), 1);
  await closeStore(store);
  assert.equal(existsSync(`${path}.new`), false);
  writeFileSync(path, before);
  assert.throws(() => openStore(t, directory, { nodeKey: 7 }), { code: 'configuration.wrong_node_key' });
});
