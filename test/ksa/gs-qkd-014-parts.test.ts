import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import fc from 'fast-check';
import { foreignKeyId } from '../../src/keys/foreign-key-id.ts';
import { keyContainer } from '../../src/ksa/gs-qkd-014/bodies.ts';
import { keyIdsOfBody, keyIdsOfQuery } from '../../src/ksa/gs-qkd-014/key-ids.ts';
import { keyRequestOfBody, keyRequestOfQuery } from '../../src/ksa/gs-qkd-014/key-request.ts';
import { writeInOnePiece } from '../../src/ksa/gs-qkd-014/one-write.ts';
import { Refusal } from '../../src/ksa/gs-qkd-014/refusal.ts';
import { parseQuery, parseTarget } from '../../src/ksa/gs-qkd-014/target.ts';
import { limits } from '../../src/limits.ts';
import { SecretBytes } from '../../src/secret/secret-bytes.ts';

test('a key container is what JSON.stringify would have made of it', () => {
  const foreign = fc.string({ unit: 'grapheme' }).filter((text) => foreignKeyId(text) === text);
  const key = fc.record({ keyId: fc.oneof(fc.uuid(), foreign), bytes: fc.uint8Array({ maxLength: 200 }) });
  fc.assert(
    fc.property(fc.array(key, { maxLength: 8 }), (keys) => {
      const supplied = keys.map(({ keyId, bytes }) => ({ keyId, bytes: SecretBytes.copyOf(bytes) }));
      const expected = keys.map((one) => ({
        key_ID: one.keyId,
        key: Buffer.from(one.bytes).toString('base64'),
      }));
      assert.equal(keyContainer(supplied).toString(), JSON.stringify({ keys: expected }));
    }),
  );
});

test('a key ID cannot break out of the container, and what is none is never written', () => {
  const hostile = '","key":"AAAA"},{"key_ID":"0000000000';
  const container = JSON.parse(keyContainer([{ keyId: hostile, bytes: SecretBytes.alloc(8) }]).toString());
  assert.deepEqual(container, { keys: [{ key_ID: hostile, key: 'AAAAAAAAAAA=' }] });
  for (const keyId of ['', 'a\nb', '\ud800', 'x'.repeat(65), randomUUID().toUpperCase()])
    assert.throws(() => keyContainer([{ keyId, bytes: SecretBytes.alloc(8) }]), { code: 'us.invariant' });
});

test('key IDs of any form are read from a query, UUIDs in lower case', () => {
  assert.deepEqual(keyIdsOfQuery('key_ID=Key%20%C3%84%26'), ['Key Ä&']);
  const id = randomUUID();
  assert.deepEqual(keyIdsOfQuery(`key_ID=${id.toUpperCase()}`), [id]);
});

test('every SAE ID comes back from its percent-encoded form', () => {
  const id = fc
    .string({ unit: 'binary', minLength: 1, maxLength: limits.idCharsMax })
    .filter((text) => text.length <= limits.idCharsMax && !/\p{Cc}/u.test(text) && text.isWellFormed());
  fc.assert(
    fc.property(id, (saeId) => {
      const target = parseTarget(`/api/v1/keys/${encodeURIComponent(saeId)}/enc_keys?a=b?c`);
      assert.deepEqual(target, { operation: 'enc_keys', saeId, query: 'a=b?c' });
    }),
  );
});

test('no URL and no query makes a parser throw', () => {
  const piece = fc.constantFrom(
    '/api/v1/keys/',
    'a',
    '%',
    '%41',
    '%ff',
    '/enc_keys',
    '?',
    '&',
    '=',
    'number',
    'size',
    '8',
  );
  const text = fc.oneof(
    fc.string(),
    fc.array(piece).map((pieces) => pieces.join('')),
  );
  fc.assert(
    fc.property(text, (url) => {
      parseTarget(url);
      parseQuery(url, ['number']);
      keyRequestOfQuery(url);
      keyIdsOfQuery(url);
    }),
  );
});

test('no body makes a parser throw, and what is accepted is within the limits', () => {
  const member = fc.constantFrom(
    'number',
    'size',
    'key_IDs',
    'extension_mandatory',
    'additional_slave_SAE_IDs',
  );
  const value = fc.oneof(fc.jsonValue(), fc.integer(), fc.array(fc.record({ key_ID: fc.uuid() })));
  fc.assert(
    fc.property(fc.dictionary(member, value), (body) => {
      const request = keyRequestOfBody(body);
      if (!(request instanceof Refusal)) {
        assert.ok(request.number >= 1 && request.number <= limits.supplyKeysPerRequestMax);
        assert.ok(request.sizeBits === undefined || (request.sizeBits > 0 && request.sizeBits % 8 === 0));
      }
      const keyIds = keyIdsOfBody(body);
      if (!(keyIds instanceof Refusal)) {
        assert.ok(keyIds.length >= 1 && keyIds.length <= limits.supplyKeysPerRequestMax);
        assert.equal(new Set(keyIds).size, keyIds.length);
      }
    }),
  );
});

test('header and body leave as one buffer, which is wiped when it is taken', async () => {
  const written: { buffer: Buffer; text: string }[] = [];
  const sink = new Writable({
    decodeStrings: false,
    write(chunk: Buffer, _encoding, callback) {
      written.push({ buffer: chunk, text: chunk.toString('latin1') });
      setImmediate(callback);
    },
  });
  writeInOnePiece(sink);
  const body = Buffer.from('the key');
  sink.cork();
  sink.write('HTTP/1.1 200 OK\r\n\r\n', 'latin1');
  sink.write(body);
  sink.write('');
  sink.uncork();
  await new Promise<void>((resolve) => sink.end(resolve));
  assert.deepEqual(
    written.map(({ text }) => text),
    ['HTTP/1.1 200 OK\r\n\r\nthe key'],
  );
  assert.ok(written[0]!.buffer.every((byte) => byte === 0));
  assert.equal(body.toString(), 'the key');
});
