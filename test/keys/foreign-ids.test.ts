import assert from 'node:assert/strict';
import { test } from 'node:test';
import { foreignKeyId } from '../../src/keys/foreign-key-id.ts';
import { plainKeyId, plainKeyIdBytes } from '../../src/keys/plain-key-id.ts';
import { idAfter } from '../../src/keys/uuid.ts';
import { texts } from '../kx/naive.ts';
import { blake2b } from '../kx/naive-blake2b.ts';

const secret = Buffer.from(Array.from({ length: 32 }, (_, i) => i));

test('an ID of a foreign KM stays as it is, but that a UUID is written in lower case', () => {
  for (const id of ['1', 'Key 7', 'ÄÖÜ', '{"a":1}', 'x'.repeat(64), 'ABCDEF', '😀'])
    assert.equal(foreignKeyId(id), id);
  assert.equal(foreignKeyId('0D5E4C1A-9B77-4E02-8F3D-AA00000000FF'), '0d5e4c1a-9b77-4e02-8f3d-aa00000000ff');
});

test('what cannot be told apart or printed is no ID', () => {
  for (const id of ['', 'x'.repeat(65), 'a\nb', '\0', 'a\u0085', '\ud800', 'a\udc00'])
    assert.equal(foreignKeyId(id), undefined);
});

test('IDs of keys that are relayed to plain KMs follow from secret and number, and from nothing else', () => {
  const number = Buffer.alloc(8);
  number.writeBigUInt64BE(2n ** 38n - 1n);
  const hash = blake2b(secret, Buffer.concat([texts('keyferry/1 plain key ID'), number]), 32);
  const bits = BigInt(`0x${hash.subarray(0, 16).toString('hex')}`);
  const version = (bits & ~(0xfn << 76n) & ~(3n << 62n)) | (4n << 76n) | (2n << 62n);
  const hex = (id: bigint) =>
    id
      .toString(16)
      .padStart(32, '0')
      .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  for (const index of [0, 1, 398, 32_767])
    assert.equal(plainKeyId(secret, 2 ** 38 - 1, index), hex(version + BigInt(index)));
});

test('IDs of a block are consecutive, and those of another block or secret are others', () => {
  const first = plainKeyIdBytes(secret, 7, 0);
  assert.deepEqual(plainKeyIdBytes(secret, 7, 300), idAfter(first, 300));
  const other = Buffer.from(secret).fill(1, 0, 1);
  const ids = [plainKeyId(secret, 7, 0), plainKeyId(secret, 8, 0), plainKeyId(other, 7, 0)];
  assert.equal(new Set(ids).size, 3);
  for (const id of ids) assert.match(id, /^.{8}-.{4}-4.{3}-[89ab].{3}-.{12}$/);
});
