import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { syncProof } from '../../src/kma/sync-proof.ts';
import { poly1305, syncInput } from '../kx/naive.ts';

const block = Buffer.from(Array.from({ length: 160 }, (_, i) => (i * 29 + 3) & 255));
const tagOf = (key: Buffer, ...[role, sender, receiver, number]: Partial<Parameters<typeof syncProof>>) =>
  syncProof(role ?? 'proposal', sender ?? 'A', receiver ?? 'B', number ?? 12, key).toString('hex');

test('a proof is Poly1305 over names, number, length and what is left of the block', () => {
  const units = fc.integer({ min: 3, max: 8 });
  const role = fc.constantFrom('proposal' as const, 'answer' as const);
  const names = fc.tuple(fc.stringMatching(/^[A-Z]{1,9}$/), fc.stringMatching(/^[A-Z]{1,9}$/));
  fc.assert(
    fc.property(
      role,
      names,
      fc.nat(),
      units,
      fc.infiniteStream(fc.nat(255)),
      (which, [s, r], n, count, bytes) => {
        const key = Buffer.from([...bytes.take(32 * count)]);
        const oneTimeKey = which === 'proposal' ? key.subarray(0, 32) : key.subarray(32, 64);
        const expected = poly1305(oneTimeKey, syncInput(which, s, r, n, key));
        assert.equal(tagOf(key, which, s, r, n), expected.toString('hex'));
      },
    ),
  );
});

test('both ends that hold the same block make the same proof', () => {
  assert.equal(tagOf(block), tagOf(Buffer.from(block)));
});

test('one bit of difference anywhere changes one proof of the two, and behind the first two units both', () => {
  for (let bit = 0; bit < block.length * 8; bit++) {
    const other = Buffer.from(block);
    other[bit >> 3]! ^= 1 << (bit & 7);
    const proposal = tagOf(other) !== tagOf(block);
    const answer = tagOf(other, 'answer') !== tagOf(block, 'answer');
    if (bit >= 64 * 8) assert.ok(proposal && answer, `bit ${bit}`);
    // Poly1305 clears 22 bits of the first half of its key (RFC 8439 §2.5): those bits are never used for anything.
    const within = bit % 256;
    if (bit < 64 * 8 && (within >= 128 || !clamped(within)))
      assert.ok(bit < 256 ? proposal : answer, `bit ${bit}`);
  }
});

function clamped(bit: number): boolean {
  const byte = bit >> 3;
  if ([3, 7, 11, 15].includes(byte)) return (bit & 7) >= 4;
  return [4, 8, 12].includes(byte) && (bit & 7) < 2;
}

test('a proof is bound to its role, both names and their order, the number and the length', () => {
  const all = [
    tagOf(block),
    tagOf(block, 'answer'),
    tagOf(block, 'proposal', 'B', 'A'),
    tagOf(block, 'proposal', 'A', 'C'),
    tagOf(block, 'proposal', 'C', 'B'),
    tagOf(block, 'proposal', 'A', 'B', 13),
    tagOf(block.subarray(0, 128)),
    tagOf(Buffer.concat([block, Buffer.alloc(32)])),
  ];
  assert.equal(new Set(all).size, all.length);
});
