import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { rangesOf } from '../../src/kma/holdings.ts';
import { readHoldings, writeHoldings } from '../../src/kx/codec/holdings.ts';
import { limits } from '../../src/limits.ts';

const number = fc.integer({ min: 0, max: limits.blockNumberMax });
const range = fc.tuple(number, number).map(([a, b]): [number, number] => [Math.min(a, b), Math.max(a, b)]);
const mark = fc.tuple(number, fc.integer({ min: 0, max: limits.blockUnitsMax }));
const many = { maxLength: 20 };
const payload = (holdings: object) => Buffer.from(JSON.stringify(holdings));

test('holdings are read as they were written', () => {
  const lists = { used: fc.array(range, many), gone: fc.array(range, many), marks: fc.array(mark, many) };
  const holdings = fc.record(lists, { noNullPrototype: true });
  fc.assert(
    fc.property(holdings, (given) => {
      assert.deepEqual(readHoldings(writeHoldings(given).subarray(limits.kxHeaderBytes)), given);
    }),
  );
});

test('holdings as long as they may be fit a message', () => {
  const most = Array.from({ length: limits.holdingsMax }, (): [number, number] => [
    limits.blockNumberMax,
    limits.blockNumberMax,
  ]);
  const frame = writeHoldings({
    used: most,
    gone: most,
    marks: most.map(([n]) => [n, limits.blockUnitsMax]),
  });
  assert.ok(frame.length <= 65_535 + limits.kxHeaderBytes, `${frame.length}`);
});

const none = { used: [], gone: [], marks: [] };
for (const [what, more] of [
  ['without a list', { used: undefined }],
  ['with a range that runs backwards', { gone: [[4, 2]] }],
  ['with a row of three', { used: [[2, 4, 6]] }],
  ['with a number beyond all blocks', { marks: [[2 ** 38, 1]] }],
  ['with a mark beyond any block', { marks: [[2, limits.blockUnitsMax + 1]] }],
  ['with a number that is text', { used: [['2', 4]] }],
  ['with too many rows', { gone: Array.from({ length: limits.holdingsMax + 1 }, () => [1, 1]) }],
] as const)
  test(`holdings ${what} are malformed`, () => {
    assert.equal(readHoldings(payload({ ...none, ...more })), undefined);
    assert.ok(readHoldings(payload(none)));
  });

test('ranges name exactly the numbers that they were made from', () => {
  const numbers = fc.uniqueArray(fc.integer({ min: 0, max: 60 }).map((n) => 2 * n));
  fc.assert(
    fc.property(numbers, (given) => {
      const ranges = rangesOf(
        given.toSorted((a, b) => b - a),
        2,
      );
      const named = ranges.flatMap(([from, to]) =>
        Array.from({ length: (to - from) / 2 + 1 }, (_, i) => from + 2 * i),
      );
      assert.deepEqual(
        named.sort((a, b) => a - b),
        given.toSorted((a, b) => a - b),
      );
      for (const [i, [from]] of ranges.entries())
        assert.ok(ranges[i + 1] === undefined || ranges[i + 1]![1] < from - 2, 'no two could be one');
    }),
  );
});
