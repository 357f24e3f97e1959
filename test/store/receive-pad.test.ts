import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limits } from '../../src/limits.ts';
import { Allocator } from '../../src/store/allocator.ts';
import { until } from '../manual-clock.ts';
import { addBlock, closeStore, directoryFor, keyOf, openStore } from './temp-store.ts';

const yes = () => true;
const piece = (number: number, index: number, units = 1) => ({ number, index, units });

test('a pad is received once, in one piece or several, and both ends have the same bytes', async (t) => {
  const store = openStore(t, directoryFor(t));
  const allocator = new Allocator(store);
  for (const number of [1, 3]) await addBlock(store, number, 4, { own: false });
  const pool = store.pool('B');
  const pad = allocator.receivePad(pool, [piece(1, 2, 2), piece(3, 0)], yes);
  const expected = [keyOf(1, 4).view().subarray(64), keyOf(3, 4).view().subarray(0, 32)];
  assert.ok(pad?.view().equals(Buffer.concat(expected)));
  for (const again of [[piece(1, 3)], [piece(3, 0)], [piece(1, 0), piece(1, 2)]])
    assert.equal(allocator.receivePad(pool, again, yes), undefined);
  assert.ok(allocator.receivePad(pool, [piece(1, 0)], yes), 'what stood beside it was not spent');
});

test('a message that is not authentic spends nothing', async (t) => {
  const store = openStore(t, directoryFor(t));
  const allocator = new Allocator(store);
  const block = await addBlock(store, 1, 4, { own: false });
  const pool = store.pool('B');
  assert.equal(
    allocator.receivePad(pool, [piece(1, 0, 4)], () => false),
    undefined,
  );
  assert.equal(block.left, 4);
  assert.ok(allocator.receivePad(pool, [piece(1, 0, 4)], yes));
});

test('pad is refused that is out of range, overlaps itself, or lies in a block that is not ready or not theirs', async (t) => {
  const store = openStore(t, directoryFor(t));
  const allocator = new Allocator(store);
  await addBlock(store, 1, 4, { own: false, first: 1 });
  await addBlock(store, 3, 4, { own: false, state: 'received', origin: 'link' });
  await addBlock(store, 5, 4);
  const pool = store.pool('B');
  const bad = [
    [piece(1, 0)],
    [piece(1, 3, 2)],
    [piece(1, 4)],
    [piece(1, 1, 0)],
    [piece(1, 1), piece(1, 1)],
    [piece(3, 0)],
    [piece(5, 0)],
    [piece(7, 0)],
  ];
  for (const segments of bad)
    assert.equal(allocator.receivePad(pool, segments, yes), undefined, JSON.stringify(segments));
  assert.ok(allocator.receivePad(pool, [piece(1, 1, 3)], yes));
});

test('a block whose last pad was received is destroyed, and the mark of others reaches the disk within a second', async (t) => {
  const directory = directoryFor(t);
  const store = openStore(t, directory);
  const allocator = new Allocator(store);
  const used = await addBlock(store, 1, 4, { own: false });
  await addBlock(store, 3, 4, { own: false });
  const pool = store.pool('B');
  allocator.receivePad(pool, [piece(1, 0, 4), piece(3, 1)], yes);
  assert.equal(used.state, 'used');
  const { commits } = store.commit;
  await until('it is written', () => store.commit.commits > commits, 4 * limits.lazyCommitMs);
  assert.equal(store.statements.selectKey.get(used.id), undefined);
  await closeStore(store);
  const again = openStore(t, directory).pool('B');
  assert.deepEqual(
    [...again.theirs.values()].map(({ number, usedCount }) => [number, usedCount]),
    [[3, 1]],
  );
});
