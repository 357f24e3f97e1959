import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contradictionOf, rangesOf } from '../../src/kma/holdings.ts';
import { Block } from '../../src/store/block.ts';

const block = (number: number, burnt: number) =>
  new Block({
    id: number,
    pool: 'B',
    own: 1,
    number,
    origin: 'relay',
    units: 400,
    created_ms: 0,
    state: 'ready',
    first: 0,
    epoch: 0,
    burnt_to: burnt,
  });

test('numbers of one direction of a link are ranges, though the others lie between', () => {
  assert.deepEqual(rangesOf([9, 7, 5, 1], 2), [
    [5, 9],
    [1, 1],
  ]);
});

test('a block of before the link, that is live between two that were used, is in no range', () => {
  const ranges = rangesOf([103, 101, 99], 2, (number) => number === 102);
  assert.deepEqual(ranges, [
    [103, 103],
    [99, 101],
  ]);
});

test('a range of every second number says nothing of those between', () => {
  const holdings = { used: [[101, 103]] as [number, number][], gone: [], marks: [] };
  assert.equal(contradictionOf([block(102, 16)], holdings, 2), undefined);
  assert.deepEqual(contradictionOf([block(102, 16)], holdings, 1), { number: 102, seen: 400, burnt: 16 });
  assert.deepEqual(contradictionOf([block(103, 16)], holdings, 2), { number: 103, seen: 400, burnt: 16 });
});
