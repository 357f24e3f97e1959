import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ownsBlock } from '../../src/keys/block-rule.ts';
import { limits } from '../../src/limits.ts';

const kmaId = fc.stringMatching(/^[A-Za-z0-9._:-]{1,64}$/);
const numbers = fc.maxSafeNat().map((n) => n % (limits.blockNumberMax + 1));

test('each block has exactly one owner, and both ends know which', () => {
  fc.assert(
    fc.property(kmaId, kmaId, numbers, (a, b, number) => {
      fc.pre(a !== b);
      assert.notEqual(ownsBlock(a, b, number), ownsBlock(b, a, number));
    }),
  );
});

test('the KMA whose ID sorts first byte by byte owns the even numbers', () => {
  fc.assert(
    fc.property(kmaId, kmaId, numbers, (a, b, number) => {
      fc.pre(a !== b);
      const first = Buffer.compare(Buffer.from(a), Buffer.from(b)) < 0;
      assert.equal(ownsBlock(a, b, number), first === (number % 2 === 0));
    }),
  );
});

test('capital letters come before small ones, digits before letters, a beginning before the whole', () => {
  for (const [first, second] of [
    ['B', 'a'],
    ['9', 'A'],
    ['A', 'AA'],
    ['node-10', 'node-9'],
  ] as const) {
    assert.equal(ownsBlock(first, second, 0), true);
    assert.equal(ownsBlock(second, first, 1), true);
    assert.equal(ownsBlock(first, second, limits.blockNumberMax), false);
  }
});

test('either end gets every second block', () => {
  const owned = Array.from({ length: 100 }, (_, number) => ownsBlock('A', 'B', number)).filter(Boolean);
  assert.equal(owned.length, 50);
});
