import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import sodium from 'sodium-native';
import { authenticate, bindTexts, verifyTag } from '../../src/keys/authenticator.ts';
import { keyedHash } from '../../src/keys/keyed-hash.ts';
import { poly1305, texts } from '../kx/naive.ts';
import { blake2b } from '../kx/naive-blake2b.ts';

const keys = fc.uint8Array({ minLength: 32, maxLength: 32 });

describe('the one-time authenticator', () => {
  test('is Poly1305: the example of RFC 8439 §2.5.2', () => {
    const key = Buffer.from('85d6be7857556d337f4452fe42d506a80103808afb0db2fd4abff6af4149f51b', 'hex');
    const message = Buffer.from('Cryptographic Forum Research Group');
    const tag = 'a8061dc1305136c6c22b8baf0c0127a9';
    assert.equal(authenticate(key, [message]).toString('hex'), tag);
    assert.equal(poly1305(key, message).toString('hex'), tag);
  });

  test('is what RFC 8439 §2.5.1 says in whole numbers, however the message is cut', () => {
    fc.assert(
      fc.property(keys, fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 5 }), (key, parts) => {
        const expected = poly1305(key, Buffer.concat(parts)).toString('hex');
        assert.equal(authenticate(Buffer.from(key), parts).toString('hex'), expected);
      }),
    );
  });

  // Where the sum reaches the prime or the clamp matters, an implementation in limbs goes wrong first.
  for (const [name, key, message] of [
    ['all ones', 'ff'.repeat(32), 'ff'.repeat(64)],
    ['r of two and the greatest block', `02${'00'.repeat(31)}`, 'ff'.repeat(16)],
    [
      'r of one and a sum over the prime',
      `01${'00'.repeat(31)}`,
      `${'ff'.repeat(16)}fb${'fe'.repeat(15)}${'01'.repeat(16)}`,
    ],
    ['a sum that overflows 128 bits', `02${'00'.repeat(15)}${'ff'.repeat(16)}`, `02${'00'.repeat(15)}`],
    ['a key of nothing', '00'.repeat(32), 'ab'.repeat(40)],
    ['no message', '11'.repeat(32), ''],
  ] as const)
    test(`agrees with it for ${name}`, () => {
      const [k, m] = [Buffer.from(key, 'hex'), Buffer.from(message, 'hex')];
      assert.equal(authenticate(k, [m]).toString('hex'), poly1305(k, m).toString('hex'));
    });

  test('verifies its own tag and no other', () => {
    fc.assert(
      fc.property(keys, fc.uint8Array({ maxLength: 60 }), fc.nat(127), (key, message, bit) => {
        const tag = authenticate(Buffer.from(key), [message]);
        assert.equal(verifyTag(Buffer.from(key), [message], tag), true);
        tag[bit >> 3]! ^= 1 << (bit & 7);
        assert.equal(verifyTag(Buffer.from(key), [message], tag), false);
      }),
    );
    const key = Buffer.alloc(32, 1);
    const tag = authenticate(key, []);
    assert.equal(verifyTag(key, [], tag.subarray(0, 15)), false);
    assert.equal(verifyTag(key, [], Buffer.alloc(0)), false);
  });

  test('refuses a key of any other length', () => {
    for (const length of [0, 16, 31, 33, 64])
      assert.throws(() => authenticate(Buffer.alloc(length), []), /32 bytes/);
  });
});

test('the authenticator keeps nothing of its key, even where the library would', (t) => {
  const states: Buffer[] = [];
  const { crypto_onetimeauth_final: final } = sodium;
  t.mock.method(sodium, 'crypto_onetimeauth_final', (state: Buffer, tag: Buffer) => {
    const held = Buffer.from(state);
    final(state, tag);
    held.copy(state);
    states.push(state);
  });
  const key = Buffer.alloc(32, 7);
  assert.deepEqual(authenticate(key, [Buffer.of(1)]), poly1305(key, Buffer.of(1)));
  assert.ok(states.length === 1 && states[0]!.length > 32);
  assert.ok(states[0]!.every((byte) => byte === 0));
});

describe('texts that are bound', () => {
  test('each stand behind their length in bytes', () => {
    assert.equal(bindTexts('keyferry/1 hop', 'A', 'B').toString(), '14:keyferry/1 hop,1:A,1:B,');
    assert.equal(bindTexts('ü', '').toString(), '2:ü,0:,');
    assert.equal(bindTexts().length, 0);
  });

  test('never read like other texts', () => {
    const some = fc.array(fc.stringMatching(/^[0-9:,a]{0,6}$/), { maxLength: 4 });
    fc.assert(
      fc.property(some, some, (one, other) => {
        const alike = bindTexts(...one).equals(bindTexts(...other));
        assert.equal(alike, JSON.stringify(one) === JSON.stringify(other));
      }),
      { numRuns: 1000 },
    );
  });

  test('are what the naive implementation makes', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' })), (all) => {
        assert.deepEqual(bindTexts(...all), texts(...all));
      }),
    );
  });
});

describe('the keyed hash', () => {
  test('is BLAKE2b of RFC 7693, 32 bytes, under a key', () => {
    fc.assert(
      fc.property(keys, fc.uint8Array({ minLength: 1, maxLength: 300 }), (key, message) => {
        assert.equal(keyedHash(key, message).toString('hex'), blake2b(key, message, 32).toString('hex'));
      }),
      { numRuns: 30 },
    );
  });

  test('is held against an implementation that agrees with OpenSSL', () => {
    for (const length of [0, 3, 127, 128, 129, 256, 300]) {
      const message = Buffer.alloc(length, 'abc');
      const expected = createHash('blake2b512').update(message).digest('hex');
      assert.equal(blake2b(Buffer.alloc(0), message, 64).toString('hex'), expected);
    }
  });
});
