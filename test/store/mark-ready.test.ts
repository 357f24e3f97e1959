import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limits } from '../../src/limits.ts';
import { Allocator } from '../../src/store/allocator.ts';
import type { KeyStore } from '../../src/store/key-store.ts';
import { addBlock, closeStore, directoryFor, keyOf, openStore } from './temp-store.ts';

const link = { origin: 'link', state: 'received' } as const;
const SYNC_UNITS = 2;
const unitOf = (number: number, units: number, at: number) =>
  keyOf(number, units)
    .view()
    .subarray(at * limits.unitBytes, (at + 1) * limits.unitBytes);

for (const [reason, end] of [
  ['ordered', 'destroyed'],
  ['differed', 'quarantined'],
  ['unanswered', 'expired'],
] as const)
  test(`a block that is ${end} while it is being marked ready stays so, also on disk`, async (t) => {
    const directory = directoryFor(t);
    const store = openStore(t, directory);
    const block = await addBlock(store, 4, 8, link);
    await Promise.all([store.markReady(block, SYNC_UNITS, 4), store.destroy(block, reason)]);
    const check = (pool: ReturnType<KeyStore['pool']>) => {
      assert.deepEqual([pool.ownLeft, pool.heldUnits, pool.own.size], [0, 0, 0]);
      assert.equal(pool.ownEpoch, undefined);
    };
    assert.equal(block.state, end);
    check(store.pool('B'));
    await closeStore(store);
    check(openStore(t, directory).pool('B'));
  });

test('a pool that is forgotten while a block of it is being marked ready is empty afterwards, also on disk', async (t) => {
  const directory = directoryFor(t);
  const store = openStore(t, directory);
  const block = await addBlock(store, 4, 8, link);
  await Promise.all([store.markReady(block, SYNC_UNITS, 4), store.forgetPool('B')]);
  assert.equal(store.pool('B').ownEpoch, undefined);
  await closeStore(store);
  const pool = openStore(t, directory).pool('B');
  assert.deepEqual([pool.ownLeft, pool.ownEpoch], [0, undefined]);
});

test('a KMA-key is an ID secret or for use, never both: marking again in another epoch revokes the secret', async (t) => {
  const directory = directoryFor(t);
  const store = openStore(t, directory);
  const pool = store.pool('B');
  await addBlock(store, 2, 8, { own: false, epoch: 2 });
  const block = await addBlock(store, 4, 8, { ...link, own: false });
  await store.markReady(block, SYNC_UNITS, 4);
  assert.ok(
    pool.idSecrets.theirs
      .get(4)
      ?.view()
      .equals(unitOf(4, 8, SYNC_UNITS)),
  );
  assert.equal(
    await new Allocator(store).open(pool, [{ number: 4, index: SYNC_UNITS, units: 1 }]),
    undefined,
  );
  await store.markReady(block, SYNC_UNITS, 2);
  assert.deepEqual([...pool.idSecrets.theirs.keys()], [2]);
  await closeStore(store);
  const again = openStore(t, directory);
  assert.deepEqual([...again.pool('B').idSecrets.theirs.keys()], [2]);
  const wanted = [{ number: 4, index: SYNC_UNITS, units: 1 }];
  const [opened] = (await new Allocator(again).open(again.pool('B'), wanted)) ?? [];
  assert.ok(opened?.view().equals(unitOf(4, 8, SYNC_UNITS)));
});

test('marking again in an epoch of its own takes the unit out of use', async (t) => {
  const store = openStore(t, directoryFor(t));
  const pool = store.pool('B');
  const block = await addBlock(store, 4, 8, { ...link, own: false });
  await store.markReady(block, SYNC_UNITS, 2);
  await store.markReady(block, SYNC_UNITS, 4);
  assert.equal(block.left, 8 - SYNC_UNITS - 1);
  assert.equal(
    await new Allocator(store).open(pool, [{ number: 4, index: SYNC_UNITS, units: 1 }]),
    undefined,
  );
});

test('a few epochs are kept, the newest, in memory and on disk alike; own blocks of the others are given up with them', async (t) => {
  const directory = directoryFor(t);
  const store = openStore(t, directory);
  const epochs = Array.from({ length: limits.theirIdEpochsMax + 3 }, (_, i) => 10 + 2 * i);
  for (const own of [true, false])
    for (const number of epochs) await addBlock(store, number, 4, { epoch: number, own });
  await addBlock(store, 8, 4, { epoch: epochs.at(-1)! });
  const ours = epochs.slice(-limits.ownIdEpochsMax);
  const check = (pool: ReturnType<KeyStore['pool']>) => {
    assert.deepEqual([...pool.idSecrets.own.keys()], ours);
    assert.deepEqual([...pool.idSecrets.theirs.keys()], epochs.slice(-limits.theirIdEpochsMax));
    assert.deepEqual(
      [...pool.own.keys()].sort((a, b) => a - b),
      [8, ...ours],
    );
    assert.equal(pool.theirs.size, epochs.length);
  };
  check(store.pool('B'));
  await closeStore(store);
  check(openStore(t, directory).pool('B'));
});

test('the newest epoch is the one that came last, whatever its number, also after a restart', async (t) => {
  const directory = directoryFor(t);
  const store = openStore(t, directory);
  for (const number of [90, 30, 60]) await addBlock(store, number, 4, { epoch: number });
  assert.equal(store.pool('B').ownEpoch, 60);
  await closeStore(store);
  assert.equal(openStore(t, directory).pool('B').ownEpoch, 60);
});

test('an epoch that the other end has lost is forgotten with its own blocks, the others stay', async (t) => {
  const directory = directoryFor(t);
  const store = openStore(t, directory);
  await addBlock(store, 10, 4, { epoch: 10 });
  await addBlock(store, 12, 4, { epoch: 10 });
  await addBlock(store, 14, 4, { epoch: 14 });
  await addBlock(store, 10, 4, { epoch: 10, own: false });
  await store.forgetEpoch('B', 10);
  const check = (pool: ReturnType<KeyStore['pool']>) => {
    assert.deepEqual([...pool.own.keys()], [14]);
    assert.deepEqual([pool.ownEpoch, pool.ownLeft], [14, 3]);
    assert.deepEqual([...pool.idSecrets.theirs.keys()], [10]);
  };
  check(store.pool('B'));
  await closeStore(store);
  check(openStore(t, directory).pool('B'));
});

test('an epoch that is forgotten takes with it the block that is just being marked ready in it, also on disk', async (t) => {
  const directory = directoryFor(t);
  const store = openStore(t, directory);
  await addBlock(store, 10, 4, { epoch: 10 });
  const block = await addBlock(store, 12, 8, link);
  const marked = store.markReady(block, SYNC_UNITS, 10);
  await Promise.all([marked, store.forgetEpoch('B', 10)]);
  const check = (pool: ReturnType<KeyStore['pool']>) =>
    assert.deepEqual([pool.own.size, pool.ownLeft, pool.ownEpoch], [0, 0, undefined]);
  check(store.pool('B'));
  await closeStore(store);
  check(openStore(t, directory).pool('B'));
});

test('forgetting the own direction leaves theirs as it is, also on disk', async (t) => {
  const directory = directoryFor(t);
  const store = openStore(t, directory);
  for (const own of [true, false]) await addBlock(store, 10, 4, { epoch: 10, own });
  await store.forgetPool('B', 'own');
  const check = (pool: ReturnType<KeyStore['pool']>) => {
    assert.deepEqual([pool.own.size, pool.ownLeft, pool.ownEpoch], [0, 0, undefined]);
    assert.deepEqual([pool.theirs.size, pool.idSecrets.theirs.size, pool.heldUnits], [1, 1, 4]);
  };
  check(store.pool('B'));
  await closeStore(store);
  check(openStore(t, directory).pool('B'));
});
