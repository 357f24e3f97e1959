import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { limits } from '../../src/limits.ts';
import { SecretBytes } from '../../src/secret/secret-bytes.ts';
import type { ForeignKeys } from '../../src/store/foreign-keys.ts';
import { ManualClock } from '../manual-clock.ts';
import { PowerCut } from './power-cut.ts';
import { closeStore, databaseOf, directoryFor, editStore, failNext, openStore } from './temp-store.ts';

const bytesOf = (seed: number, length = 24) =>
  Buffer.from(Array.from({ length }, (_, i) => (seed + i) & 255));
const key = (id: string, seed: number, length = 24) => ({
  id,
  bytes: SecretBytes.adopt(bytesOf(seed, length)),
});
const take = async (keys: ForeignKeys, pool: string, ...ids: string[]) =>
  (await keys.take(pool, ids))?.map((one) => one.view().toString('hex'));
const hex = (seed: number, length = 24) => bytesOf(seed, length).toString('hex');

test('a key is found by its ID once, whatever its form and size, and in the pool of its source alone', async (t) => {
  const { foreign } = openStore(t, directoryFor(t));
  const odd = ['7', 'a b', 'ключ', '"\\', 'x'.repeat(64)];
  assert.equal(
    await foreign.insert(
      'P',
      odd.map((id, i) => key(id, i, [1, 16, 32, 33, limits.relayKeyBytesMax][i])),
    ),
    'kept',
  );
  assert.equal(foreign.count('P'), 5);
  assert.equal(await foreign.take('Q', ['7']), undefined);
  assert.deepEqual(await take(foreign, 'P', 'ключ', '7'), [hex(2, 32), hex(0, 1)]);
  assert.equal(await foreign.take('P', ['7']), undefined);
  assert.deepEqual(await take(foreign, 'P', 'x'.repeat(64)), [hex(4, limits.relayKeyBytesMax)]);
  assert.equal(foreign.count('P'), 2);
});

test('of a store that is zeroized nothing is handed out, and who asks is told', async (t) => {
  const store = openStore(t, directoryFor(t));
  await store.foreign.insert('P', [key('one', 1)]);
  store.zeroize();
  await assert.rejects(store.foreign.take('P', ['one']), { code: 'host.store_write_failed' });
});

test('of several IDs all are handed out or none', async (t) => {
  const { foreign } = openStore(t, directoryFor(t));
  await foreign.insert('P', [key('1', 1), key('2', 2)]);
  assert.equal(await foreign.take('P', ['1', '3']), undefined);
  assert.deepEqual(await take(foreign, 'P', '1', '2'), [hex(1), hex(2)]);
});

test('of two who ask for a key at once one gets it', async (t) => {
  const { foreign } = openStore(t, directoryFor(t));
  await foreign.insert('P', [key('1', 1), key('2', 2)]);
  const both = await Promise.all([take(foreign, 'P', '1'), take(foreign, 'P', '2', '1')]);
  assert.deepEqual(both, [[hex(1)], undefined]);
});

test('the same key again is known; another under its ID, or one that is gone, is a conflict that changes nothing', async (t) => {
  const { foreign } = openStore(t, directoryFor(t));
  assert.equal(await foreign.insert('P', [key('1', 1), key('2', 2)]), 'kept');
  assert.equal(await foreign.insert('P', [key('1', 1), key('2', 2)]), 'known');
  assert.equal(await foreign.insert('P', [key('2', 2), key('3', 3)]), 'kept');
  for (const other of [key('1', 9), key('1', 1, 25), key('1', 1, 23)])
    assert.equal(await foreign.insert('P', [key('4', 4), other]), 'conflict');
  assert.equal(await foreign.take('P', ['4']), undefined);
  assert.equal(await foreign.insert('Q', [key('1', 9)]), 'kept');
  assert.deepEqual(await take(foreign, 'P', '1'), [hex(1)]);
  assert.equal(await foreign.insert('P', [key('1', 1)]), 'conflict');
});

test('a key that is just being stored is not stored twice', async (t) => {
  const { foreign } = openStore(t, directoryFor(t));
  const [first, second] = [foreign.insert('P', [key('1', 1)]), foreign.insert('P', [key('1', 9)])];
  assert.deepEqual([await first, await second], ['kept', 'underway']);
  assert.deepEqual(await take(foreign, 'P', '1'), [hex(1)]);
});

test('a disk that fails keeps nothing and hands out nothing; afterwards both go on', async (t) => {
  const store = openStore(t, directoryFor(t));
  const { foreign } = store;
  failNext(store);
  await assert.rejects(foreign.insert('P', [key('1', 1)]), { code: 'host.store_write_failed' });
  assert.equal(foreign.count('P'), 0);
  assert.equal(await foreign.insert('P', [key('1', 1)]), 'kept');
  failNext(store);
  await assert.rejects(foreign.take('P', ['1']), { code: 'host.store_write_failed' });
  assert.equal(foreign.count('P'), 1);
  assert.deepEqual(await take(foreign, 'P', '1'), [hex(1)]);
});

test('a pool takes in no more than its maximum of bytes', async (t) => {
  const { foreign } = openStore(t, directoryFor(t));
  const many = (from: number) =>
    Array.from({ length: 256 }, (_, i) => key(`${from + i}`, i, limits.relayKeyBytesMax));
  for (let from = 0; from < limits.foreignBytesMax / limits.relayKeyBytesMax; from += 256)
    assert.equal(await foreign.insert('P', many(from)), 'kept');
  assert.equal(await foreign.insert('P', [key('x', 1, 1)]), 'full');
  await take(foreign, 'P', '1');
  assert.equal(await foreign.insert('P', [key('x', 1, 1)]), 'kept');
});

test('keys are erased when they are outdated, and their IDs stay known', async (t) => {
  const clock = new ManualClock().run(t);
  const { foreign } = openStore(t, directoryFor(t), { clock });
  await foreign.insert('P', [key('1', 1)]);
  clock.wallAheadMs = 1_000;
  await foreign.insert('P', [key('2', 2)]);
  assert.deepEqual(foreign.pools(), ['P']);
  assert.equal(await foreign.destroy(['P'], clock.wallMs() - 500), 1);
  assert.equal(await foreign.destroy(['P'], clock.wallMs() - 500), 0);
  assert.equal(await foreign.take('P', ['1']), undefined);
  assert.equal(await foreign.insert('P', [key('1', 1)]), 'conflict');
  assert.deepEqual(await take(foreign, 'P', '2'), [hex(2)]);
});

test('an ID is found by an index, in a stock of any size', async (t) => {
  const store = openStore(t, directoryFor(t));
  await store.foreign.insert('P', [key('1', 1)]);
  const db = await databaseOf(store);
  const plan = db
    .prepare('EXPLAIN QUERY PLAN SELECT id, bytes, sealed FROM foreign_key WHERE pool = ? AND key_id = ?')
    .all('P', '1');
  assert.match(String(plan[0]?.['detail']), /USING INDEX .*\(pool=\? AND key_id=\?\)/);
});

test('what was said to be stored is there after a power cut, what was handed out is not', async (t) => {
  const cut = new PowerCut();
  const root = directoryFor(t);
  const lives = ['1', '2', '3'].map((name) => join(root, name));
  for (const life of lives) mkdirSync(life);
  const first = openStore(t, lives[0]!, cut);
  await first.foreign.insert('P', [key('1', 1), key('2', 2), key('3', 3)]);
  cut.copy(lives[0]!, lives[1]!, 0);
  const second = openStore(t, lives[1]!, cut);
  assert.equal(second.foreign.count('P'), 3);
  assert.deepEqual(await take(second.foreign, 'P', '2'), [hex(2)]);
  cut.copy(lives[1]!, lives[2]!, 0);
  const third = openStore(t, lives[2]!, cut);
  assert.equal(await third.foreign.take('P', ['2']), undefined);
  assert.equal(await third.foreign.insert('P', [key('2', 2)]), 'conflict');
  assert.equal(third.foreign.count('P'), 2);
  assert.deepEqual(await take(third.foreign, 'P', '3', '1'), [hex(3), hex(1)]);
});

test('a record that was moved to another ID is damage, and is said to be', async (t) => {
  const directory = directoryFor(t);
  const store = openStore(t, directory);
  await store.foreign.insert('P', [key('1', 1), key('2', 2)]);
  await closeStore(store);
  editStore(directory, (db) => {
    db.exec("UPDATE foreign_key SET key_id = '3' WHERE key_id = '1'");
    assert.equal(
      db.prepare('SELECT count(*) AS n FROM foreign_key WHERE instr(sealed, ?) > 0').get(bytesOf(1))?.['n'],
      0,
      'keys lie sealed',
    );
  });
  const again = openStore(t, directory);
  await assert.rejects(again.foreign.take('P', ['3']), { code: 'host.store_damaged' });
  assert.deepEqual(await take(again.foreign, 'P', '2'), [hex(2)]);
});
