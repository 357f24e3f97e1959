import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Proposed } from '../../src/kma/proposed.ts';

test('a block that is proposed again on one connection keeps its epoch, and on the next one may have another', () => {
  const proposed = new Proposed();
  assert.equal(proposed.propose(4, 2, 0), 2);
  assert.deepEqual(
    proposed.overdue(10, () => true),
    [4],
  );
  assert.equal(proposed.epochOf(4), undefined);
  assert.equal(proposed.propose(4, 8, 20), 2);
  proposed.clear();
  assert.equal(proposed.propose(4, 8, 30), 8);
});

test('what was answered is over; proposed once, its epoch is free, and proposed twice it is not', () => {
  const proposed = new Proposed();
  proposed.propose(4, 2, 0);
  proposed.answered(4);
  assert.deepEqual([proposed.size, proposed.epochOf(4), proposed.isBound(4)], [0, undefined, false]);
  assert.equal(proposed.propose(4, 8, 10), 8);
  proposed.overdue(20, () => true);
  proposed.propose(4, 8, 30);
  proposed.answered(4);
  // The other answer may still come.
  assert.ok(proposed.isBound(4));
  proposed.clear();
  assert.equal(proposed.isBound(4), false);
});

test('only those that were proposed by then are overdue', () => {
  const proposed = new Proposed();
  for (const [number, atMs] of [
    [2, 0],
    [4, 10],
    [6, 20],
  ] as const)
    proposed.propose(number, 2, atMs);
  assert.deepEqual(
    proposed.overdue(10, () => true),
    [2, 4],
  );
  assert.equal(proposed.size, 1);
});

test('of blocks that are done with nothing is remembered, however long the connection stands', () => {
  const proposed = new Proposed();
  proposed.propose(4, 2, 0);
  proposed.overdue(10, () => true);
  assert.ok(proposed.isBound(4));
  proposed.overdue(20, () => false);
  assert.equal(proposed.isBound(4), false);
});
