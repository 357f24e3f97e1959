import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { openAddress, sealAddress } from '../../src/keys/key-address.ts';
import { limits } from '../../src/limits.ts';
import { sealedId } from '../kx/naive.ts';

const secrets = fc.uint8Array({ minLength: 32, maxLength: 32 });
const saeId = fc.stringMatching(/^[A-Za-z0-9._:-]{1,64}$/);
const pairs = fc.record({ masterSaeId: saeId, slaveSaeId: saeId });
const addresses = fc
  .tuple(
    fc.maxSafeNat(),
    fc.nat(limits.blockUnitsMax - 1),
    fc.integer({ min: 1, max: limits.ksaKeyBytesMax }),
  )
  .map(([number, index, bytes]) => ({ number: number % (limits.blockNumberMax + 1), index, bytes }));
const UUID_4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const pair = { masterSaeId: 'app-a', slaveSaeId: 'app-b' };

function secretOf(n: number): Buffer {
  return createHash('sha256').update(`secret ${n}`).digest();
}

describe('the ID of a KSA-key', () => {
  test('opens to the address that was sealed, in either case of letters', () => {
    fc.assert(
      fc.property(secrets, pairs, addresses, (secret, applications, address) => {
        const id = sealAddress(secret, applications, address);
        assert.deepEqual(openAddress(secret, applications, id), address);
        assert.deepEqual(openAddress(secret, applications, id.toUpperCase()), address);
      }),
    );
  });

  test('is what the naive implementation makes', () => {
    fc.assert(
      fc.property(secrets, pairs, addresses, (secret, applications, address) => {
        const { masterSaeId, slaveSaeId } = applications;
        const { id } = sealedId(Buffer.from(secret), masterSaeId, slaveSaeId, address);
        assert.equal(sealAddress(secret, applications, address), id);
      }),
      { numRuns: 30 },
    );
  });

  test('has the form of a random version-4 UUID', () => {
    fc.assert(
      fc.property(secrets, pairs, addresses, (secret, applications, address) => {
        assert.match(sealAddress(secret, applications, address), UUID_4);
      }),
    );
  });

  test('opens for no other pair, not even the same one the other way round', () => {
    fc.assert(
      fc.property(secrets, pairs, pairs, addresses, (secret, one, other, address) => {
        fc.pre(one.masterSaeId !== other.masterSaeId || one.slaveSaeId !== other.slaveSaeId);
        const id = sealAddress(secret, one, address);
        assert.equal(openAddress(secret, other, id), undefined);
      }),
    );
    const id = sealAddress(secretOf(0), pair, { number: 1, index: 2, bytes: 32 });
    const swapped = { masterSaeId: 'app-b', slaveSaeId: 'app-a' };
    assert.equal(openAddress(secretOf(0), swapped, id), undefined);
  });

  test('is bound to both names, wherever the border between them lies', () => {
    const id = sealAddress(
      secretOf(0),
      { masterSaeId: 'ab', slaveSaeId: 'c' },
      { number: 1, index: 2, bytes: 32 },
    );
    assert.equal(openAddress(secretOf(0), { masterSaeId: 'a', slaveSaeId: 'bc' }, id), undefined);
    const joined = { masterSaeId: 'ab,1:c', slaveSaeId: '' };
    assert.equal(openAddress(secretOf(0), joined, id), undefined);
  });

  test('opens under no other secret', () => {
    fc.assert(
      fc.property(secrets, secrets, addresses, (one, other, address) => {
        fc.pre(Buffer.compare(one, other) !== 0);
        assert.equal(openAddress(other, pair, sealAddress(one, pair, address)), undefined);
      }),
    );
  });

  test('opens no more when any bit of it is flipped', () => {
    const address = { number: 123_456, index: 789, bytes: 32 };
    for (let n = 0; n < 8; n++) {
      const hex = sealAddress(secretOf(n), pair, address).replaceAll('-', '');
      for (let bit = 0n; bit < 128n; bit++) {
        const flipped = (BigInt(`0x${hex}`) ^ (1n << bit)).toString(16).padStart(32, '0');
        const id = flipped.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
        assert.equal(openAddress(secretOf(n), pair, id), undefined, `bit ${bit}`);
      }
    }
  });

  test('is authenticated by all 59 bits: one that is wrong is noticed, though the address is hidden to fit it', () => {
    const [secret, address] = [secretOf(0), { number: 123_456, index: 789, bytes: 32 }];
    const forged = (bit: number) =>
      sealedId(secret, pair.masterSaeId, pair.slaveSaeId, address, (iv) => {
        assert.equal(iv.length, 59);
        return [...iv].map((digit, i) => (i === bit ? 1 - Number(digit) : digit)).join('');
      });
    assert.deepEqual(openAddress(secret, pair, forged(59).id), address, 'none is wrong');
    for (let bit = 0; bit < 59; bit++)
      assert.equal(openAddress(secret, pair, forged(bit).id), undefined, `bit ${bit}`);
  });

  test('is refused without a throw when it is no UUID', () => {
    for (const id of ['', 'x', '00000000-0000-4000-8000-00000000000', '{}', `${'0'.repeat(32)}`])
      assert.equal(openAddress(secretOf(0), pair, id), undefined);
    fc.assert(fc.property(fc.string(), (id) => openAddress(secretOf(0), pair, id) === undefined));
    fc.assert(fc.property(fc.uuid(), (id) => openAddress(secretOf(0), pair, id) === undefined));
  });

  test('looks random: every free bit is set in about half of the IDs of neighbouring keys', () => {
    const count = 4000;
    const ones = new Array<number>(128).fill(0);
    const seen = new Set<string>();
    for (let index = 0; index < count; index++) {
      const id = sealAddress(secretOf(1), pair, { number: 7, index, bytes: 32 });
      seen.add(id);
      const value = BigInt(`0x${id.replaceAll('-', '')}`);
      for (let bit = 0; bit < 128; bit++) ones[bit]! += Number((value >> BigInt(bit)) & 1n);
    }
    assert.equal(seen.size, count);
    // Bits 76 to 79 are the version, 62 and 63 the variant (RFC 9562 §5.4).
    const fixed = new Map([
      [79, 0],
      [78, count],
      [77, 0],
      [76, 0],
      [63, count],
      [62, 0],
    ]);
    for (const [bit, set] of ones.entries()) {
      const known = fixed.get(bit);
      if (known !== undefined) assert.equal(set, known, `bit ${bit}`);
      // Six standard deviations of a fair coin.
      else assert.ok(Math.abs(set - count / 2) < 6 * Math.sqrt(count / 4), `bit ${bit} is set ${set} times`);
    }
  });

  test('is not made for an address out of range', () => {
    const good = { number: 0, index: 0, bytes: 1 };
    for (const bad of [
      { ...good, number: limits.blockNumberMax + 1 },
      { ...good, number: -1 },
      { ...good, index: limits.blockUnitsMax },
      { ...good, index: -1 },
      { ...good, bytes: 0 },
      { ...good, bytes: limits.ksaKeyBytesMax + 1 },
    ])
      assert.throws(() => sealAddress(secretOf(0), pair, bad), /out of range/);
  });
});
