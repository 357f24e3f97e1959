import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limits } from '../../src/limits.ts';
import { Block } from '../../src/store/block.ts';
import { blocksToEvict } from '../../src/store/eviction.ts';
import { Pool } from '../../src/store/pool.ts';
import {
  addBlock,
  closeStore,
  directoryFor,
  editStore,
  keyOf,
  openStore,
  quickDirectoryFor,
} from './temp-store.ts';

const relayed = { remote: 'B', own: false, number: 1, origin: 'relay', state: 'ready', first: 0 } as const;

test('a block on its way in is underway and not known; when it is durable it is known', async (t) => {
  const store = openStore(t, directoryFor(t));
  using bytes = keyOf(1, 4);
  const first = store.insert({ ...relayed, epoch: 0 }, bytes);
  assert.equal(store.known('B', false, 1), false);
  assert.equal(await store.insert({ ...relayed, epoch: 0 }, bytes), 'underway');
  // The transaction has run and its sync has not ended: still not known.
  while (store.commit.commits === 0) {
    assert.equal(store.known('B', false, 1), false);
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal(store.known('B', false, 1), false);
  assert.equal(typeof (await first), 'object');
  assert.equal(store.known('B', false, 1), true);
  assert.equal(await store.insert({ ...relayed, epoch: 0 }, bytes), 'known');
});

test('the same number on the other side, or with another KMA, is another block', async (t) => {
  const store = openStore(t, directoryFor(t));
  await addBlock(store, 1, 4);
  for (const [remote, own] of [
    ['B', false],
    ['C', true],
    ['C', false],
  ] as const) {
    assert.equal(store.known(remote, own, 1), false);
    await addBlock(store, 1, 4, { remote, own });
  }
});

test('a destroyed block stays known over a restart, and cannot come again', async (t) => {
  const directory = directoryFor(t);
  const store = openStore(t, directory);
  await store.destroy(await addBlock(store, 1, 4), 'ordered');
  await closeStore(store);
  const again = openStore(t, directory);
  assert.equal(again.known('B', true, 1), true);
  await assert.rejects(addBlock(again, 1, 4), /known/);
  assert.equal(again.pool('B').heldUnits, 0);
});

test('a block that was on its way in when its pool was forgotten is forgotten with it', async (t) => {
  const directory = directoryFor(t);
  const store = openStore(t, directory);
  using bytes = keyOf(1, 4);
  const insert = store.insert({ ...relayed, epoch: 1 }, bytes);
  await store.forgetPool('B');
  assert.equal(await insert, 'known');
  assert.equal(store.known('B', false, 1), true);
  const empty = (pool: ReturnType<typeof store.pool>) => {
    assert.deepEqual([pool.heldUnits, pool.theirs.size, pool.idSecrets.theirs.size], [0, 0, 0]);
  };
  empty(store.pool('B'));
  await closeStore(store);
  editStore(directory, (db) => {
    assert.equal(db.prepare('SELECT count(*) AS n FROM block_key').get()?.['n'], 0);
  });
  empty(openStore(t, directory).pool('B'));
});

test('a block that begins an epoch spends one unit as the ID secret', async (t) => {
  const directory = directoryFor(t);
  const store = openStore(t, directory);
  const block = await addBlock(store, 9, 4, { epoch: 9 });
  assert.deepEqual([block.first, block.left, store.pool('B').ownLeft], [1, 3, 3]);
  const secret = keyOf(9, 4).view().subarray(0, limits.unitBytes);
  assert.ok(store.pool('B').idSecrets.own.get(9)?.view().equals(secret));
  await closeStore(store);
  const again = openStore(t, directory).pool('B');
  assert.ok(again.idSecrets.own.get(9)?.view().equals(secret));
  assert.equal(again.ownLeft, 3);
});

test('tombstones far behind the newest are pruned, of that pool and side alone', async (t) => {
  const store = openStore(t, directoryFor(t));
  const newest = limits.blockNumberWindow + 100;
  const sides = [
    { remote: 'B', own: true },
    { remote: 'B', own: false },
    { remote: 'C', own: true },
  ];
  for (const side of sides) await store.destroy(await addBlock(store, 1, 4, side), 'ordered');
  await addBlock(store, 2, 4);
  await store.destroy(await addBlock(store, 200, 4), 'ordered');
  const count = limits.tombstonePruneEvery;
  await addBlock(store, newest, 1);
  await Promise.all(Array.from({ length: count }, (_, i) => addBlock(store, newest + 1 + i, 1)));
  const known = (remote: string, own: boolean, number: number) => store.known(remote, own, number);
  assert.equal(known('B', true, 1), false);
  assert.equal(store.longGone('B', true, 1, 'relay'), true);
  assert.equal(known('B', true, 2), true, 'a live block is no tombstone');
  assert.equal(known('B', true, 200), true, 'that of a number which may still come stays');
  assert.equal(known('B', false, 1), true);
  assert.equal(known('C', true, 1), true);
});

test('a block that nobody agreed on does not move the horizon', async (t) => {
  const store = openStore(t, directoryFor(t));
  const gone = (own: boolean, number: number) => store.longGone('B', own, number, 'link');
  await addBlock(store, limits.blockNumberMax, 4, { state: 'received', origin: 'link' });
  assert.equal(gone(true, 0), false);
  await addBlock(store, limits.blockNumberWindow + 1, 4, { origin: 'link' });
  assert.equal(gone(true, 0), true);
  assert.equal(gone(true, 1), false);
  assert.equal(gone(false, 0), false);
});

test('relayed blocks, which are numbered from anywhere on, make none of a link long gone, nor prune its tombstones', async (t) => {
  const directory = directoryFor(t);
  let store = openStore(t, directory);
  await store.destroy(await addBlock(store, 2, 4, { origin: 'link' }), 'ordered');
  const relayed = 2 ** 31;
  const many = Array.from({ length: limits.tombstonePruneEvery }, (_, i) => addBlock(store, relayed + i, 1));
  await Promise.all(many);
  for (const life of [1, 2]) {
    assert.equal(store.longGone('B', true, 4, 'link'), false, `in life ${life}`);
    assert.equal(store.longGone('B', true, 4, 'relay'), true);
    assert.equal(store.known('B', true, 2), true, 'a block of the link that comes again is known');
    await closeStore(store);
    store = openStore(t, directory);
  }
});

test('a number that only a module named does not count after a restart either, whatever became of its block', async (t) => {
  const directory = directoryFor(t);
  const store = openStore(t, directory);
  await addBlock(store, 4, 4, { origin: 'link' });
  const named = { origin: 'link', state: 'received', epoch: 0 } as const;
  await store.destroy(await addBlock(store, 2 ** 37, 4, named), 'forgotten');
  assert.equal(store.longGone('B', true, 6, 'link'), false);
  await closeStore(store);
  const again = openStore(t, directory);
  assert.equal(again.pool('B').highest(true, 'link'), 4);
  assert.equal(again.longGone('B', true, 6, 'link'), false);
});

test('tombstones of blocks that were never agreed on are as many as the window, the newest', async (t) => {
  const directory = quickDirectoryFor(t);
  await closeStore(openStore(t, directory));
  const old = 3_000;
  editStore(directory, (db) => {
    const insert = db.prepare(
      `INSERT INTO block (pool, own, number, origin, state, units, first, epoch, created_ms, reason, ready_ms)
       VALUES ('B', 1, ?, 'link', ?, 4, 0, 0, 0, 'x', ?)`,
    );
    db.exec('BEGIN');
    insert.run(2, 'used', 1);
    for (let i = 2; i < limits.blockNumberWindow + old; i++) insert.run(2 * i, 'quarantined', null);
    db.exec('COMMIT');
  });
  const store = openStore(t, directory);
  const came = Array.from({ length: limits.tombstonePruneEvery }, (_, i) =>
    addBlock(store, 2 * i + 1, 4, { remote: 'B', own: true, origin: 'link', state: 'received', epoch: 0 }),
  );
  await Promise.all(came);
  await closeStore(store);
  editStore(directory, (db) => {
    const count = (which: string) => db.prepare(`SELECT count(*) AS n FROM block WHERE ${which}`).get()!['n'];
    assert.equal(count("state = 'quarantined'"), limits.blockNumberWindow);
    assert.equal(count("state = 'quarantined' AND number < 4000"), 0);
    assert.equal(count("state = 'used'"), 1, 'one of which key was used stays for the window of its numbers');
    assert.equal(count("state = 'received'"), limits.tombstonePruneEvery);
  });
});

test('many small blocks fill a pool, however little key is in them', () => {
  const pool = new Pool('B');
  const maxUnits = 2 * limits.poolBlocksFree * limits.blockUnitsCounted;
  const add = (number: number) =>
    pool.add(
      new Block({
        id: number,
        pool: 'B',
        own: 0,
        number,
        origin: 'relay',
        units: 1,
        created_ms: 0,
        state: 'ready',
        first: 0,
        epoch: 0,
      }),
    );
  for (let number = 0; number < 2 * limits.poolBlocksFree; number++) {
    assert.deepEqual(blocksToEvict(pool, false, maxUnits), []);
    add(number);
  }
  assert.equal(blocksToEvict(pool, false, maxUnits), undefined);
  pool.policy = { ...pool.policy, whenFull: 'oldest_first' };
  pool.theirFloor = limits.blockNumberMax;
  assert.deepEqual(
    blocksToEvict(pool, false, maxUnits)?.map(({ number }) => number),
    [0],
  );
});
