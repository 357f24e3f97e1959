import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Extents } from '../../src/store/extents.ts';

const seed = Number(process.env['KEYFERRY_SEED'] ?? 1);

/** Takes (positive: a length) and gives back (the n-th of those in use). */
const steps = fc.array(fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: -20, max: -1 })), {
  maxLength: 200,
});

test('no two places overlap, free ones are used again, and the end is where the last one ends', () => {
  fc.assert(
    fc.property(steps, (plan) => {
      const extents = new Extents([]);
      const used: { at: number; length: number }[] = [];
      for (const step of plan) {
        if (step > 0) {
          const gap = firstGap(used, step);
          const at = extents.take(step);
          assert.equal(at, gap, 'the first place that is long enough');
          used.push({ at, length: step });
        } else if (used.length > 0) {
          const [given] = used.splice(-step % used.length, 1);
          extents.give(given!.at, given!.length);
        }
        assert.equal(extents.end, Math.max(0, ...used.map(({ at, length }) => at + length)));
      }
      const again = new Extents(used);
      assert.equal(again.end, extents.end);
      for (const length of [1, 5, 9]) assert.equal(again.take(length), extents.take(length));
    }),
    { seed, numRuns: 500 },
  );
});

test('what was not taken cannot be given back, and what overlaps is refused', () => {
  const invariant = { code: 'us.invariant' };
  const extents = new Extents([{ at: 2, length: 3 }]);
  assert.throws(() => extents.give(1, 1), invariant);
  assert.throws(() => extents.give(5, 1), invariant);
  extents.give(2, 3);
  assert.throws(() => extents.give(2, 3), invariant);
  const overlapping = [
    { at: 0, length: 2 },
    { at: 1, length: 1 },
  ];
  assert.throws(() => new Extents(overlapping), invariant);
});

function firstGap(used: readonly { at: number; length: number }[], length: number): number {
  let at = 0;
  for (const one of [...used].sort((a, b) => a.at - b.at)) {
    if (one.at - at >= length) return at;
    at = one.at + one.length;
  }
  return at;
}
