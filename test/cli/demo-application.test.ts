import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keyIdsOf } from '../../src/cli/demo/application.ts';
import { keyContainer } from '../../src/ksa/gs-qkd-014/bodies.ts';
import { SecretBytes } from '../../src/secret/secret-bytes.ts';

const IDS = ['4b678097-a165-42b8-a917-77c583c16e30', 'Q-2', 'a "key_ID":"\\ of another maker'];

test('the demo picks the IDs out of a container whatever stands where the keys are: it reads no key', () => {
  const keys = IDS.map((keyId, i) => ({ keyId, bytes: SecretBytes.copyOf(Buffer.alloc(48, i + 1)) }));
  const body = keyContainer(keys);
  assert.deepEqual(keyIdsOf({ status: 200, body }), IDS);
  // What is no JSON would make a reader of the whole stumble.
  for (let at = body.indexOf('"key":"'); at >= 0; at = body.indexOf('"key":"', at + 1))
    body.fill(0x0a, at + 7, at + 7 + 64);
  assert.deepEqual(keyIdsOf({ status: 200, body }), IDS);
  assert.throws(
    () => keyIdsOf({ status: 503, body: Buffer.from('{"message":"no key"}') }),
    /no key container/,
  );
  for (const { bytes } of keys) bytes.wipe();
});
