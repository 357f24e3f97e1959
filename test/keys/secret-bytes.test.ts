import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { format, inspect } from 'node:util';
import { SecretBytes } from '../../src/secret/secret-bytes.ts';

const text = 'no one may read this';
const make = () => SecretBytes.adopt(Buffer.from(text));
const traces = [text, Buffer.from(text).toString('hex'), Buffer.from(text).toString('base64')];

describe('secret bytes', () => {
  const forms: [string, (secret: SecretBytes) => string][] = [
    ['String()', (secret) => String(secret)],
    ['a template', (secret) => `${secret}`],
    ['adding to a string', (secret) => `${secret as unknown as string}`.concat('')],
    ['JSON', (secret) => JSON.stringify({ secret })],
    ['inspect', (secret) => inspect(secret, { showHidden: true, depth: 9 })],
    ['inspect within others', (secret) => inspect([{ key: new Map([[1, secret]]) }], { depth: 9 })],
    ['format %s', (secret) => format('%s', secret)],
    ['format %o', (secret) => format('%o', secret)],
    ['format %j', (secret) => format('%j', secret)],
    ['an error about it', (secret) => inspect(new Error('failed', { cause: secret }))],
  ];
  for (const [name, print] of forms)
    test(`print as <secret>: ${name}`, () => {
      const printed = print(make());
      assert.match(printed, /<secret>/);
      for (const trace of traces) assert.ok(!printed.includes(trace), printed);
    });

  test('have no property that shows them', () => {
    const secret = make();
    assert.deepEqual(Object.keys(secret), []);
    assert.deepEqual(Object.getOwnPropertyNames(secret), []);
    assert.deepEqual({ ...secret }, {});
    assert.throws(() => structuredClone(secret).view());
  });

  test('are overwritten when wiped, and never lent again', () => {
    const bytes = Buffer.from(text);
    const secret = SecretBytes.adopt(bytes);
    assert.equal(secret.wiped, false);
    assert.equal(secret.view(), bytes);
    secret.wipe();
    assert.deepEqual(bytes, Buffer.alloc(text.length));
    assert.equal(secret.wiped, true);
    assert.throws(() => secret.view(), /wiped/);
    assert.throws(() => secret.length, /wiped/);
    assert.equal(String(secret), '<secret>');
    secret.wipe();
  });

  test('are wiped when their scope ends, also by a throw', () => {
    const bytes = Buffer.from(text);
    assert.throws(() => {
      using secret = SecretBytes.adopt(bytes);
      throw new Error(`with ${secret.length} bytes`);
    }, /with 20 bytes/);
    assert.deepEqual(bytes, Buffer.alloc(text.length));
  });

  test('that were copied are their own', () => {
    const bytes = Buffer.from(text);
    const secret = SecretBytes.copyOf(bytes);
    bytes.fill(0);
    assert.equal(secret.view().toString(), text);
    const copy = SecretBytes.copyOf(secret.view().subarray(3, 6));
    secret.wipe();
    assert.equal(copy.view().toString(), text.slice(3, 6));
  });

  test('that were moved are nowhere else', () => {
    const bytes = Buffer.from(text);
    const secret = SecretBytes.moved(bytes);
    assert.equal(secret.view().toString(), text);
    assert.deepEqual(bytes, Buffer.alloc(text.length));
  });
});
