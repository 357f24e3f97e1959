import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { keyBytes, padKeys } from '../../src/kx/codec/key-text.ts';
import { xor } from './naive.ts';

const keys = fc.array(fc.uint8Array({ minLength: 1, maxLength: 70 }), { minLength: 1, maxLength: 8 });
const padSource = fc.uint8Array({ minLength: 560, maxLength: 600 });

/** Keys in base64 with other text around them, and where they stand. */
function payloadOf(all: readonly Uint8Array[]) {
  let text = 'before';
  const ranges = all.map((key) => {
    const start = text.length;
    const letters = Buffer.from(key).toString('base64');
    text += `${letters}","key":"`;
    return { start, end: start + letters.length, bytes: key.length };
  });
  return { payload: Buffer.from(text), ranges };
}

test('pad is laid on each key in order, byte by byte, and nowhere else', () => {
  fc.assert(
    fc.property(keys, padSource, (all, pad) => {
      const { payload, ranges } = payloadOf(all);
      padKeys(payload, ranges, pad);
      const plain = Buffer.concat(all);
      const covered = xor(plain, pad);
      const starts = all.map((_, i) => all.slice(0, i).reduce((sum, key) => sum + key.length, 0));
      const expected = all.map((key, i) => covered.subarray(starts[i]!, starts[i]! + key.length));
      assert.equal(payload.toString(), payloadOf(expected).payload.toString());
      assert.equal(keyBytes(ranges), plain.length);
    }),
  );
});

test('pad laid on twice is off again', () => {
  fc.assert(
    fc.property(keys, padSource, (all, pad) => {
      const { payload, ranges } = payloadOf(all);
      const before = Buffer.from(payload);
      padKeys(payload, ranges, pad);
      padKeys(payload, ranges, pad);
      assert.deepEqual(payload, before);
    }),
  );
});

test('old pad off and new pad on in one step is the same as in two', () => {
  fc.assert(
    fc.property(keys, padSource, padSource, (all, a, b) => {
      const one = payloadOf(all);
      const two = payloadOf(all);
      padKeys(one.payload, one.ranges, a);
      padKeys(one.payload, one.ranges, b);
      padKeys(two.payload, two.ranges, xor(a.subarray(0, 560), b));
      assert.deepEqual(one.payload, two.payload);
    }),
  );
});
