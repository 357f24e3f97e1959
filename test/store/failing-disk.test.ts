import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { limits } from '../../src/limits.ts';
import { Allocator } from '../../src/store/allocator.ts';
import { ManualClock, until } from '../manual-clock.ts';
import {
  addBlock,
  closeStore,
  databaseOf,
  directoryFor,
  editStore,
  failNext,
  fillDisk,
  keyOf,
  Lines,
  openStore,
} from './temp-store.ts';

const writeFailed = { code: 'host.store_write_failed', fault: 'host' };

test('a block that finds no room is not known, and is stored when there is room again', async (t) => {
  const store = openStore(t, directoryFor(t));
  await addBlock(store, 0, 4);
  const makeRoom = await fillDisk(store);
  await assert.rejects(addBlock(store, 1, 500), writeFailed);
  assert.equal(store.known('B', true, 1), false);
  assert.deepEqual([...store.pool('B').own.keys()], [0]);
  assert.equal(store.pool('B').heldUnits, 4);
  makeRoom();
  const block = await addBlock(store, 1, 500);
  assert.ok(store.open.view(block).equals(keyOf(1, 500).view()));
});

test('a burn that fails hands out nothing, loses nothing, and the same key is handed out afterwards', async (t) => {
  const directory = directoryFor(t);
  const store = openStore(t, directory);
  const allocator = new Allocator(store);
  await addBlock(store, 0, 40);
  failNext(store);
  await assert.rejects(allocator.takeKeys(store.pool('B'), 2, 2), writeFailed);
  assert.equal(store.pool('B').ownLeft, 40);
  const [first] = (await allocator.takeKeys(store.pool('B'), 2, 2)) ?? [];
  assert.deepEqual([first?.number, first?.index], [0, 0]);
  await closeStore(store);
  const again = openStore(t, directory).pool('B');
  assert.equal(again.ownLeft, 40 - limits.burnStrideUnitsMin);
});

test('a burn ahead of use that fails is logged, and key is taken on', async (t) => {
  const log = new Lines();
  const store = openStore(t, directoryFor(t), { log });
  const allocator = new Allocator(store);
  await addBlock(store, 0, 4000);
  const pool = store.pool('B');
  const indexes: number[] = [];
  while (indexes.length < 200) {
    const taken = await allocator
      .takeKeys(pool, 1, 1)
      .catch((thrown) => assert.equal(thrown.code, writeFailed.code));
    if (taken) indexes.push(taken[0]!.index);
    if (pool.burning !== undefined && log.of('store.burn_failed').length < 3) failNext(store);
  }
  assert.ok(log.of('store.burn_failed').length > 0);
  assert.deepEqual(indexes, [...indexes.keys()]);
});

test('an opening that fails takes back its marks: the key can be opened afterwards, once', async (t) => {
  const store = openStore(t, directoryFor(t));
  const allocator = new Allocator(store);
  const pool = store.pool('B');
  const block = await addBlock(store, 0, 8, { own: false });
  const wanted = [
    { number: 0, index: 1, units: 2 },
    { number: 0, index: 5, units: 3 },
  ];
  failNext(store);
  await assert.rejects(allocator.open(pool, wanted), writeFailed);
  assert.equal(block.left, 8);
  assert.equal((await allocator.open(pool, wanted))?.length, 2);
  assert.equal(await allocator.open(pool, wanted), undefined);
  assert.equal(block.left, 3);
});

test('two openings that share a failing transaction both fail, and both can be made again', async (t) => {
  const store = openStore(t, directoryFor(t));
  const allocator = new Allocator(store);
  const pool = store.pool('B');
  await addBlock(store, 0, 8, { own: false });
  failNext(store);
  const open = (index: number) => allocator.open(pool, [{ number: 0, index, units: 1 }]);
  const both = await Promise.allSettled([open(0), open(1)]);
  assert.deepEqual(
    both.map(({ status }) => status),
    ['rejected', 'rejected'],
  );
  assert.equal((await Promise.all([open(0), open(1)])).filter(Boolean).length, 2);
});

test('the mark on a pad that came in survives a failed write in memory, and reaches the disk with the next mark', async (t) => {
  const log = new Lines();
  const directory = directoryFor(t);
  const store = openStore(t, directory, { log });
  const allocator = new Allocator(store);
  const pool = store.pool('B');
  await addBlock(store, 0, 8, { own: false });
  const pad = (index: number) => allocator.receivePad(pool, [{ number: 0, index, units: 1 }], () => true);
  assert.ok(pad(0));
  failNext(store);
  await until('the write fails', () => log.of('store.burn_failed').length === 1);
  assert.equal(pad(0), undefined);
  assert.ok(pad(1));
  await closeStore(store);
  assert.equal(openStore(t, directory).pool('B').theirs.get(0)?.usedCount, 2);
});

test('the key of a used-up block leaves the disk in the end, though its deletion failed', async (t) => {
  const log = new Lines();
  const clock = new ManualClock();
  const directory = directoryFor(t);
  const store = openStore(t, directory, { log, clock });
  const block = await addBlock(store, 0, 8);
  store.destroyLater(block, 'used_up');
  failNext(store);
  await until('the deletion fails', () => log.of('store.destroy_failed').length === 1);
  assert.ok(store.statements.selectKey.get(block.id));
  await clock.leap(limits.destroyRetryMs + limits.lazyCommitMs);
  await until('it is deleted', () => store.statements.selectKey.get(block.id) === undefined);
  await closeStore(store);
  editStore(directory, (db) => assert.equal(db.prepare('SELECT state FROM block').get()?.['state'], 'used'));
});

test('a block whose readiness was not stored is not ready, and its ID secret is not kept', async (t) => {
  const store = openStore(t, directoryFor(t));
  const pool = store.pool('B');
  const block = await addBlock(store, 6, 8, { origin: 'link', state: 'received' });
  failNext(store);
  await assert.rejects(store.markReady(block, 2, 6), writeFailed);
  assert.deepEqual([block.state, pool.ownLeft, pool.ownEpoch], ['received', 0, undefined]);
  await store.markReady(block, 2, 6);
  assert.deepEqual([block.state, pool.ownLeft, pool.ownEpoch], ['ready', 5, 6]);
});

test('a number whose mark was not stored is not given, nor ever again', async (t) => {
  const store = openStore(t, directoryFor(t));
  const first = await store.numbers.take('B');
  for (let i = 1; i < limits.numberStride; i++) await store.numbers.take('B');
  failNext(store);
  await assert.rejects(store.numbers.take('B'), writeFailed);
  assert.equal(await store.numbers.take('B'), first + limits.numberStride + 1);
});

test('a pool that could not be forgotten on disk is forgotten when it is tried again, also for the next start', async (t) => {
  const directory = directoryFor(t);
  const store = openStore(t, directory);
  await addBlock(store, 3, 8, { epoch: 3 });
  await addBlock(store, 5, 8, { epoch: 5, own: false });
  failNext(store);
  await assert.rejects(store.forgetPool('B'), writeFailed);
  await store.forgetPool('B');
  await closeStore(store);
  const pool = openStore(t, directory).pool('B');
  assert.deepEqual([pool.heldUnits, pool.ownLeft, pool.ownEpoch], [0, 0, undefined]);
  assert.equal(pool.idSecrets.theirs.size, 0);
});

test('a block whose destruction the disk did not take is out of use, and destroyed there as soon as the disk takes it', async (t) => {
  const clock = new ManualClock();
  const store = openStore(t, directoryFor(t), { clock });
  const block = await addBlock(store, 0, 40);
  const db = await databaseOf(store);
  const stateOnDisk = () => db.prepare('SELECT state FROM block').get()?.['state'];
  failNext(store);
  await assert.rejects(store.destroy(block, 'ordered'), writeFailed);
  assert.deepEqual([store.pool('B').ownLeft, stateOnDisk()], [0, 'ready']);
  clock.advance(limits.destroyRetryMs + 1);
  clock.advance(limits.lazyCommitMs + 1);
  await until('it is destroyed on the disk', () => stateOnDisk() === 'destroyed');
});

test('what a pool had in the block file serves again, also where it was forgotten at the second try', async (t) => {
  const directory = directoryFor(t);
  const size = () => statSync(join(directory, 'keys.blocks')).size;
  const store = openStore(t, directory);
  await addBlock(store, 1, 4_000);
  const before = size();
  failNext(store);
  await assert.rejects(store.forgetPool('B'), { code: 'host.store_write_failed' });
  await store.forgetPool('B');
  await addBlock(store, 2, 4_000);
  assert.equal(size(), before);
});
