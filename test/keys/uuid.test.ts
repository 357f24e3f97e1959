import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatUuid, idAfter, isUuid, parseUuid } from '../../src/keys/uuid.ts';

const ids = fc.uint8Array({ minLength: 16, maxLength: 16 });
const valueOf16 = (bytes: Uint8Array) => BigInt(`0x${Buffer.from(bytes).toString('hex')}`);

test('a UUID is written in lower case and read in either', () => {
  fc.assert(
    fc.property(ids, (bytes) => {
      const text = formatUuid(bytes);
      assert.match(text, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
      assert.equal(text.replaceAll('-', ''), Buffer.from(bytes).toString('hex'));
      assert.deepEqual(parseUuid(text), Buffer.from(bytes));
      assert.deepEqual(parseUuid(text.toUpperCase()), Buffer.from(bytes));
    }),
  );
});

test('sixteen bytes in the middle of others are written alone', () => {
  assert.equal(
    formatUuid(Buffer.alloc(20, 0xab).fill(0, 2, 18).subarray(2)),
    '00000000-0000-0000-0000-000000000000',
  );
});

test('what is no UUID is read as none', () => {
  const good = '0d5e4c1a-9b77-4e02-8f3d-aa00000000ff';
  for (const bad of ['', good.slice(1), `${good}0`, `${good}\n`, good.replaceAll('-', ''), `{${good}}`])
    assert.equal(parseUuid(bad), undefined, bad);
  assert.equal(parseUuid(good.replace('a', 'g')), undefined);
  assert.equal(parseUuid(good.replace('-', '0')), undefined);
});

test('with any one character changed, it is read where RFC 9562 has it for a UUID, and nowhere else', () => {
  const form = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
  fc.assert(
    fc.property(ids, fc.nat(35), fc.nat(0x17f), (bytes, at, code) => {
      const good = formatUuid(bytes);
      const text = `${good.slice(0, at)}${String.fromCharCode(code)}${good.slice(at + 1)}`;
      assert.equal(isUuid(text), form.test(text), text);
    }),
    { numRuns: 2_000 },
  );
  assert.equal(
    isUuid('0d5e4c1a-9b77-4e02-8f3d-aa00000000\u0130f'),
    false,
    'no digit, though its lower byte is one',
  );
});

test('the ID so many places on is the sum of the two, in 128 bits', () => {
  fc.assert(
    fc.property(ids, fc.nat(0xffff_ffff), (first, by) => {
      assert.equal(valueOf16(idAfter(first, by)), (valueOf16(first) + BigInt(by)) % (1n << 128n));
    }),
  );
});

test('a carry runs through as many bytes as it has to', () => {
  const after = (hex: string, by: number) => idAfter(Buffer.from(hex, 'hex'), by).toString('hex');
  assert.equal(after('000000000000000000000000000000ff', 1), '00000000000000000000000000000100');
  assert.equal(after('00ffffffffffffffffffffffffffffff', 1), '01000000000000000000000000000000');
  assert.equal(after('ffffffffffffffffffffffffffffffff', 1), '00000000000000000000000000000000');
  assert.equal(after('0000000000000000000000000000ffff', 32_767), '00000000000000000000000000017ffe');
});

test('the ID at no distance is a copy', () => {
  const first = Buffer.alloc(16, 7);
  const same = idAfter(first, 0);
  assert.deepEqual(same, first);
  same[0] = 0;
  assert.equal(first[0], 7);
});
