import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Retention } from '../../src/kma/retention.ts';
import { limits } from '../../src/limits.ts';
import { Allocator } from '../../src/store/allocator.ts';
import type { KeyStore } from '../../src/store/key-store.ts';
import { ManualClock, until } from '../manual-clock.ts';
import { addBlock, closeStore, directoryFor, keyOf, Lines, openStore } from '../store/temp-store.ts';

const received = { origin: 'link', state: 'received' } as const;

function setUp(t: TestContext, directory = directoryFor(t), clock = new ManualClock().run(t)) {
  const log = new Lines();
  const store = openStore(t, directory, { clock, log });
  const retention = new Retention(store, clock, log);
  t.after(() => retention.stop());
  return { clock, log, store, retention, directory };
}

const numbers = (store: KeyStore) => ({
  own: [...store.pool('B').own.keys()].sort((x, y) => x - y),
  theirs: [...store.pool('B').theirs.keys()].sort((x, y) => x - y),
});

/** The wall clock is set forward, and one sweep made. */
async function after(
  ms: number,
  { clock, retention, store }: Pick<ReturnType<typeof setUp>, 'clock' | 'retention' | 'store'>,
): Promise<void> {
  clock.wallAheadMs += ms;
  retention.stop();
  retention.start();
  for (let i = 0; i < 12; i++) await store.commit.stage(() => {});
}

test('key is destroyed by age from birth, the far end keeping it longer', async (t) => {
  const all = setUp(t);
  const { store } = all;
  for (const own of [true, false]) await addBlock(store, 1, 4, { own, epoch: 1 });
  await after(limits.ownKeyLifetimeMs / 2, all);
  for (const own of [true, false]) await addBlock(store, 3, 4, { own });
  assert.deepEqual(numbers(store), { own: [1, 3], theirs: [1, 3] });
  await after(limits.ownKeyLifetimeMs / 2, all);
  assert.deepEqual(numbers(store), { own: [3], theirs: [1, 3] });
  await after(limits.ownKeyLifetimeMs + limits.theirKeyExtraMs - limits.ownKeyLifetimeMs, all);
  assert.deepEqual(numbers(store), { own: [3], theirs: [3] });
  assert.equal(all.retention.stats.destroyed, 2);
  assert.equal(store.known('B', true, 1), true);
});

test('whose key went by age is told, so that its owner takes no more from it, whatever its clock says', async (t) => {
  const { store, clock, log } = setUp(t);
  const told: string[] = [];
  const retention = new Retention(
    store,
    clock,
    log,
    () => false,
    (remote) => told.push(remote),
  );
  t.after(() => retention.stop());
  for (const [remote, own] of [
    ['B', false],
    ['C', true],
  ] as const)
    await addBlock(store, 1, 4, { remote, own, epoch: 1 });
  await after(limits.ownKeyLifetimeMs + limits.theirKeyExtraMs, { clock, retention, store });
  assert.deepEqual(told, ['B']);
});

test('a pool may have a lifetime of its own, shorter than an hour or longer than a day', async (t) => {
  const all = setUp(t);
  const { store } = all;
  const pool = store.pool('B');
  pool.policy = { ...pool.policy, ownLifetimeMs: 600_000 };
  for (const own of [true, false]) await addBlock(store, 1, 4, { own, epoch: 1 });
  await after(600_000, all);
  assert.deepEqual(numbers(store), { own: [], theirs: [1] });
  await after(limits.theirKeyExtraMs, all);
  assert.deepEqual(numbers(store), { own: [], theirs: [] });
  pool.policy = { ...pool.policy, ownLifetimeMs: 2 * limits.ownKeyLifetimeMs };
  await addBlock(store, 3, 4);
  await after(limits.ownKeyLifetimeMs, all);
  assert.deepEqual(numbers(store).own, [3]);
});

test('a key that a plain KM relayed is erased when it is as old as the far end keeps its own', async (t) => {
  const all = setUp(t);
  const { foreign } = all.store;
  using bytes = keyOf(1, 1);
  await foreign.insert('P', [{ id: '1', bytes }]);
  await after(limits.ownKeyLifetimeMs + limits.theirKeyExtraMs - 60_000, all);
  assert.equal(foreign.count('P'), 1);
  await after(60_100, all);
  assert.equal(foreign.count('P'), 0);
  assert.equal(await foreign.take('P', ['1']), undefined);
  assert.equal(all.retention.stats.foreign, 1);
});

test('the lifetime that a pool may have of its own goes for keys of a plain KM, too', async (t) => {
  const all = setUp(t);
  const { foreign } = all.store;
  const pool = all.store.pool('P');
  pool.policy = { ...pool.policy, ownLifetimeMs: 600_000 };
  for (const remote of ['P', 'Q']) {
    using bytes = keyOf(1, 1);
    await foreign.insert(remote, [{ id: '1', bytes }]);
  }
  await after(600_000 + limits.theirKeyExtraMs + 100, all);
  assert.deepEqual([foreign.count('P'), foreign.count('Q')], [0, 1]);
});

test('what was not agreed on for long expires, and is not taken in again', async (t) => {
  const all = setUp(t);
  const { store, retention } = all;
  for (const own of [true, false]) await addBlock(store, 1, 4, { ...received, own });
  await addBlock(store, 3, 4);
  await after(limits.unansweredMs - 60_000, all);
  await addBlock(store, 5, 4, received);
  assert.deepEqual(numbers(store), { own: [1, 3, 5], theirs: [1] });
  await after(60_000, all);
  assert.deepEqual(numbers(store), { own: [3, 5], theirs: [] });
  assert.equal(retention.stats.expired, 2);
  await assert.rejects(addBlock(store, 1, 4, received), /known/);
});

test('age counts over a restart, whatever the order of the numbers', async (t) => {
  const before = setUp(t);
  await addBlock(before.store, 9, 4, received);
  before.clock.wallAheadMs += limits.unansweredMs - 60_000;
  await addBlock(before.store, 3, 4, received);
  await closeStore(before.store);
  before.retention.stop();
  const again = setUp(t, before.directory, before.clock);
  await after(60_000, again);
  assert.deepEqual(numbers(again.store).own, [3]);
});

test('blocks from which the owner takes no more have their time and go; the others stay', async (t) => {
  const { store, clock, retention } = setUp(t);
  const pool = store.pool('B');
  for (const number of [1, 3, 5, 7]) await addBlock(store, number, 8, { own: false });
  await new Allocator(store).open(pool, [{ number: 3, index: 0, units: 1 }]);
  pool.theirFloor = 5;
  retention.start();
  await clock.leap(limits.unfetchedMs - 2 * limits.retentionTickMs);
  assert.deepEqual(numbers(store).theirs, [1, 3, 5, 7]);
  await clock.leap(4 * limits.retentionTickMs);
  await until('they are gone', () => pool.theirs.size === 2);
  assert.deepEqual(numbers(store).theirs, [5, 7]);
  assert.equal(retention.stats.destroyed, 2);
});

test('a floor that sinks again spares the block, and its time begins anew', async (t) => {
  const { store, clock, retention } = setUp(t);
  const pool = store.pool('B');
  await addBlock(store, 3, 8, { own: false });
  retention.start();
  pool.theirFloor = 5;
  await clock.leap(limits.unfetchedMs / 2);
  pool.theirFloor = 3;
  await clock.leap(2 * limits.retentionTickMs);
  pool.theirFloor = 5;
  await clock.leap(limits.unfetchedMs - 4 * limits.retentionTickMs);
  assert.equal(pool.theirs.size, 1);
  await clock.leap(8 * limits.retentionTickMs);
  await until('it is gone', () => pool.theirs.size === 0);
});

test('a sweep that the disk fails is logged, and the next one goes on', async (t) => {
  const all = setUp(t);
  const { store, clock, log, retention } = all;
  for (const number of [1, 3, 5]) await addBlock(store, number, 4);
  clock.wallAheadMs += limits.ownKeyLifetimeMs;
  const failing = store.commit.stage(() => {
    throw new Error('no room');
  });
  retention.start();
  await assert.rejects(failing);
  await until('it is logged', () => log.of('kma.retention.error').length === 1);
  await clock.leap(limits.retentionTickMs);
  await until('all are gone', () => numbers(store).own.length === 0);
});
