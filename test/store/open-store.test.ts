import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { limits } from '../../src/limits.ts';
import { Allocator } from '../../src/store/allocator.ts';
import { addBlock, closeStore, databaseOf, directoryFor, editStore, openStore } from './temp-store.ts';

test('a store with another node key is refused', async (t) => {
  const directory = directoryFor(t);
  await closeStore(openStore(t, directory));
  assert.throws(() => openStore(t, directory, { nodeKey: 8 }), { code: 'configuration.wrong_node_key' });
  openStore(t, directory);
});

test('a store of another node is refused', async (t) => {
  const directory = directoryFor(t);
  await closeStore(openStore(t, directory));
  assert.throws(() => openStore(t, directory, { kmaId: 'B' }), { code: 'configuration.store_of_other_node' });
});

test('a store of another format is refused', async (t) => {
  const directory = directoryFor(t);
  await closeStore(openStore(t, directory));
  editStore(directory, (db) => db.exec("UPDATE meta SET value = '99' WHERE name = 'format'"));
  assert.throws(() => openStore(t, directory), { code: 'host.store_format' });
});

test('a file that is no store is refused', (t) => {
  const directory = directoryFor(t);
  editStore(directory, (db) => db.exec('CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT)'), true);
  assert.throws(() => openStore(t, directory), { code: 'host.store_format' });
});

test('a second store on the same files is refused, in this process and in another', (t) => {
  const directory = directoryFor(t);
  openStore(t, directory);
  assert.throws(() => openStore(t, directory), { code: 'host.store_locked' });
  const program = `
    import { openDatabase } from ${JSON.stringify(join(import.meta.dirname, '../../src/store/database.ts'))};
    import { SecretBytes } from ${JSON.stringify(join(import.meta.dirname, '../../src/secret/secret-bytes.ts'))};
    import { systemDisk } from ${JSON.stringify(join(import.meta.dirname, '../../src/node/disk.ts'))};
    const entropy = { fill() {}, uuid: () => '' };
    try {
      const path = ${JSON.stringify(join(directory, 'keys.sqlite'))};
      openDatabase({ disk: systemDisk, path, kmaId: 'A', nodeKey: SecretBytes.alloc(32), entropy });
    } catch (thrown) {
      process.stdout.write(thrown.code);
    }`;
  const said = execFileSync(process.execPath, ['--input-type=module', '--eval', program], {
    encoding: 'utf8',
  });
  assert.equal(said, 'host.store_locked');
});

test('a store that was closed can be opened again and is the same', async (t) => {
  const directory = directoryFor(t);
  const store = openStore(t, directory);
  await closeStore(store);
  assert.equal(openStore(t, directory).storeId, store.storeId);
});

test('the files of a store can be read by their owner alone', (t) => {
  const directory = directoryFor(t);
  openStore(t, directory);
  for (const name of ['keys.sqlite', 'keys.sqlite-wal'])
    assert.equal(statSync(join(directory, name)).mode & 0o777, 0o600, name);
});

test('a closed store takes nothing in and hands nothing out', async (t) => {
  const store = openStore(t, directoryFor(t));
  await addBlock(store, 1, 40);
  await closeStore(store);
  await assert.rejects(addBlock(store, 2, 4), { code: 'host.store_write_failed' });
  await assert.rejects(new Allocator(store).takeKeys(store.pool('B'), 1, 1));
});

test('one flipped byte spoils its own block, and the others are opened as before', async (t) => {
  const directory = directoryFor(t);
  const before = openStore(t, directory);
  const ids = new Map<number, number>();
  for (const number of [1, 3, 5]) ids.set(number, (await addBlock(before, number, 4, { own: false })).id);
  await closeStore(before);
  flipByte(directory, ids.get(3)!);
  const store = openStore(t, directory);
  const allocator = new Allocator(store);
  const pool = store.pool('B');
  const open = (number: number) => allocator.open(pool, [{ number, index: 0, units: 4 }]);
  await assert.rejects(open(3), { code: 'host.store_damaged', fault: 'host', message: /block B their 3 4/ });
  for (const number of [1, 5]) assert.equal((await open(number))?.length, 1);
});

test('a record that is put in the place of another does not open', async (t) => {
  const directory = directoryFor(t);
  const before = openStore(t, directory);
  const one = await addBlock(before, 1, 4);
  const other = await addBlock(before, 3, 4);
  await closeStore(before);
  editStore(directory, (db) =>
    db
      .prepare('UPDATE block_key SET sealed = (SELECT sealed FROM block_key WHERE block = ?) WHERE block = ?')
      .run(one.id, other.id),
  );
  const store = openStore(t, directory);
  assert.throws(() => store.open.view(store.pool('B').own.get(3)!), { code: 'host.store_damaged' });
});

test('key of an own block that is damaged is passed over, once said', async (t) => {
  const directory = directoryFor(t);
  const before = openStore(t, directory);
  const { id } = await addBlock(before, 1, 64);
  await addBlock(before, 3, 64);
  await closeStore(before);
  flipByte(directory, id);
  const store = openStore(t, directory);
  const allocator = new Allocator(store);
  const take = () => allocator.takeKeys(store.pool('B'), 1, 1);
  const [taken] = (await take()) ?? [];
  assert.equal(taken?.number, 3);
});

test('numbers are never given twice, over restarts and whatever was under way', async (t) => {
  const directory = directoryFor(t);
  const given = new Set<number>();
  for (let life = 0; life < 4; life++) {
    const store = openStore(t, directory);
    const count = life === 1 ? limits.numberStride + 10 : 5;
    for (const number of await Promise.all(Array.from({ length: count }, () => store.numbers.take('B')))) {
      assert.ok(!given.has(number), `number ${number} is given twice`);
      given.add(number);
    }
    await closeStore(store);
  }
  assert.equal(given.size, limits.numberStride + 25);
});

function flipByte(directory: string, block: number): void {
  editStore(directory, (db) => {
    const sealed = db.prepare('SELECT sealed FROM block_key WHERE block = ?').get(block)?.[
      'sealed'
    ] as Uint8Array;
    sealed[60]! ^= 1;
    db.prepare('UPDATE block_key SET sealed = ? WHERE block = ?').run(sealed, block);
  });
}

test('what is sealed for a block leaves the database with it, free pages included', async (t) => {
  const directory = directoryFor(t);
  const store = openStore(t, directory);
  const blocks = [await addBlock(store, 1, 4), await addBlock(store, 2, 4), await addBlock(store, 3, 4)];
  const db = await databaseOf(store);
  const select = db.prepare('SELECT sealed_key, sealed FROM block JOIN block_key ON block = id WHERE id = ?');
  const sealed = blocks.map(({ id }) => Object.values(select.get(id)!) as Uint8Array[]);
  const there = () => {
    const bytes = readFileSync(join(directory, 'keys.sqlite'));
    return sealed.map((both) => both.map((one) => bytes.includes(Buffer.from(one))));
  };
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  assert.deepEqual(
    there(),
    blocks.map(() => [true, true]),
  );
  await store.destroy(blocks[1]!, 'ordered');
  await closeStore(store);
  assert.deepEqual(there(), [
    [true, true],
    [false, false],
    [true, true],
  ]);
  assert.deepEqual(
    readdirSync(directory).filter((name) => name.startsWith('keys.sqlite')),
    ['keys.sqlite'],
  );
});
