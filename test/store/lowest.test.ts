import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Lowest } from '../../src/store/lowest.ts';

test('the lowest number is that of all that are there, whatever comes and goes', () => {
  const step = fc.tuple(fc.boolean(), fc.nat(50));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const there = new Set<number>();
      const lowest = new Lowest(there);
      for (const [comes, number] of steps) {
        if (comes && !there.has(number)) lowest.add(number);
        if (comes) there.add(number);
        else there.delete(number);
        assert.equal(lowest.get(), there.size === 0 ? undefined : Math.min(...there));
      }
    }),
  );
});

test('numbers that have gone do not gather behind a low one that stays', () => {
  const there = new Set<number>();
  const lowest = new Lowest(there);
  for (let number = 0; number < 10_000; number++) {
    there.add(number);
    lowest.add(number);
    if (number > 3) there.delete(number - 2);
  }
  assert.equal(lowest.get(), 0);
  assert.ok(lowest.kept < 200, `${lowest.kept} are kept`);
});
