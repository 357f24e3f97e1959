import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { base64DecodedLength, base64Length, readBase64, writeBase64 } from '../../src/bytes/base64.ts';

const decodedLength = (text: string) => base64DecodedLength(Buffer.from(text, 'latin1'), 0, text.length);

describe('base64', () => {
  test('is written as Buffer writes it, at any offset, and nothing else is touched', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(10), (source, at) => {
        const letters = Buffer.from(source).toString('base64');
        const target = Buffer.alloc(at + letters.length + 3, 0x2e);
        assert.equal(writeBase64(source, target, at), at + letters.length);
        assert.equal(target.toString('latin1'), `${'.'.repeat(at)}${letters}...`);
        assert.equal(base64Length(source.length), letters.length);
      }),
    );
  });

  test('is read back to what was written', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(10), (source, at) => {
        const letters = Buffer.from(source).toString('base64');
        const text = Buffer.from(`${'#'.repeat(at)}${letters}"`, 'latin1');
        const end = at + letters.length;
        assert.equal(base64DecodedLength(text, at, end), source.length);
        const target = Buffer.alloc(source.length + 2, 0x2e);
        assert.equal(readBase64(text, at, end, target, 1), source.length + 1);
        assert.deepEqual(target, Buffer.concat([Buffer.from('.'), Buffer.from(source), Buffer.from('.')]));
      }),
    );
  });

  test('is accepted if and only if it is what Buffer writes for the bytes that it reads', () => {
    const letters = fc.array(fc.constantFrom(...'AQgwZz09+/=-_ \n"é'), { maxLength: 12 });
    fc.assert(
      fc.property(letters, (some) => {
        const text = some.join('');
        const canonical = Buffer.from(text, 'base64').toString('base64') === text;
        assert.equal(decodedLength(text) >= 0, canonical, JSON.stringify(text));
      }),
      { numRuns: 2000 },
    );
  });

  for (const [name, text] of [
    ['without padding', 'QQ'],
    ['with one sign of padding too few', 'QQ='],
    ['of padding alone', '===='],
    ['with three signs of padding', 'Q==='],
    ['with padding in the middle', 'QQ==QQ=='],
    ['of the URL alphabet', 'QUI-'],
    ['with bits set that no byte uses, one byte left over', 'QR=='],
    ['with bits set that no byte uses, two bytes left over', 'QUJ='],
    ['with white space', 'QUJD\n'],
  ] as const)
    test(`${name} is refused`, () => assert.equal(decodedLength(text), -1));

  test('of nothing is nothing', () => {
    assert.equal(decodedLength(''), 0);
    assert.equal(base64Length(0), 0);
    assert.equal(readBase64(Buffer.from('QUJD'), 4, 4, Buffer.alloc(0), 0), 0);
  });
});
