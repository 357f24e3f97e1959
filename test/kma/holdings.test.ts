import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { judge, rangesOf } from '../../src/kma/holdings.ts';
import { limits } from '../../src/limits.ts';
import { Block } from '../../src/store/block.ts';

const block = (number: number, burnt: number, origin = 'relay') =>
  new Block({
    id: number,
    pool: 'B',
    own: 1,
    number,
    origin,
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
  const found = (number: number, step: number) => judge([block(number, 16)], holdings, step).contradiction;
  assert.equal(found(102, 2), undefined);
  assert.deepEqual(found(102, 1), { number: 102, seen: 400, burnt: 16 });
  assert.deepEqual(found(103, 2), { number: 103, seen: 400, burnt: 16 });
});

test('what a far end had burnt ahead of use when it crashed convicts no relayed block, which is given up', () => {
  const marks = (to: number) => ({ used: [], gone: [], marks: [[7, to]] as [number, number][] });
  const ahead = limits.openAheadUnitsMax;
  const relayed = block(7, 16);
  assert.deepEqual(judge([relayed], marks(16), 1), { contradiction: undefined, useless: [] });
  assert.deepEqual(judge([relayed], marks(16 + ahead), 1), { contradiction: undefined, useless: [relayed] });
  assert.deepEqual(judge([relayed], marks(17 + ahead), 1).contradiction, {
    number: 7,
    seen: 17 + ahead,
    burnt: 16,
  });
  const ofLink = block(7, 16, 'link');
  assert.deepEqual(judge([ofLink], marks(17), 1).contradiction, { number: 7, seen: 17, burnt: 16 });
});

test('a number is found among many ranges as one that is looked at after the other is', () => {
  const disjoint = fc.uniqueArray(fc.nat(400), { maxLength: 60 }).map((cuts) => {
    const sorted = cuts.sort((a, b) => a - b);
    return Array.from(
      { length: sorted.length >> 1 },
      (_, i) => [sorted[2 * i]!, sorted[2 * i + 1]!] as [number, number],
    );
  });
  fc.assert(
    fc.property(disjoint, fc.constantFrom(1, 2), fc.nat(400), (gone, step, number) => {
      const whole = gone.map(([from, to]) => [from, to - ((to - from) % step)] as [number, number]);
      const lies = whole.some(([from, to]) => number >= from && number <= to && (number - from) % step === 0);
      const { useless } = judge([block(number, 16)], { used: [], gone: whole, marks: [] }, step);
      assert.equal(useless.length === 1, lies);
    }),
  );
});
