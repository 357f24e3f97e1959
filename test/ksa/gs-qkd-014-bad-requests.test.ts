import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ask, assertRefused, type Delivery, post, startDelivery } from './delivery.ts';
import { keyIdOf } from './recording-supply.ts';

const ENC = '/api/v1/keys/app-c/enc_keys';
const DEC = '/api/v1/keys/app-a/dec_keys';
const SIZE_MULTIPLE = 'size shall be a multiple of 8';
const NOT_FOUND = 'one or more keys specified are not found on KME';

let delivery: Delivery;
before(async () => {
  delivery = await startDelivery();
});
after(() => delivery.server.close());

const badQueries: [string, string, string | RegExp][] = [
  ['a size that is no multiple of 8', `${ENC}?size=129`, SIZE_MULTIPLE],
  ['a size below the least', `${ENC}?size=56`, 'size shall be between 64 and 1024 bits'],
  ['a size above the most', `${ENC}?size=1032`, 'size shall be between 64 and 1024 bits'],
  ['no keys', `${ENC}?number=0`, /whole number/],
  ['minus one key', `${ENC}?number=-1`, /whole number/],
  ['half a key', `${ENC}?number=1.5`, /whole number/],
  ['a number in words', `${ENC}?number=one`, /whole number/],
  ['a number in exponent form', `${ENC}?number=1e1`, /whole number/],
  ['an empty number', `${ENC}?number=`, /whole number/],
  ['more keys than the pair may have', `${ENC}?number=101`, 'a request may be for at most 100 keys'],
  ['more keys than anyone may have', `${ENC}?number=999999999`, /at most 128 keys/],
  ['a number given twice', `${ENC}?number=1&number=2`, 'number is given twice'],
  ['a misspelt parameter', `${ENC}?nubmer=3`, /may hold only number and size/],
  ['a parameter without a value', `${ENC}?number`, /malformed/],
  ['an empty parameter', `${ENC}?number=1&`, /malformed/],
  ['broken percent-encoding in the query', `${ENC}?number=%3`, /malformed/],
  ['broken percent-encoding in the path', '/api/v1/keys/%ff/enc_keys', /SAE ID in the path/],
  ['a control character in the path', '/api/v1/keys/app%0ac/enc_keys', /SAE ID in the path/],
  ['an SAE ID that is too long', `/api/v1/keys/${'a'.repeat(65)}/enc_keys`, /SAE ID in the path/],
  ['a slave that is not served', '/api/v1/keys/nobody/enc_keys', /no key is supplied here/],
  ['the status of a slave that is not served', '/api/v1/keys/nobody/status', /no key is supplied here/],
  ['a status with a query', '/api/v1/keys/app-c/status?x=1', /nothing/],
  ['a key ID that is missing', DEC, /key_ID is missing/],
  ['two key IDs by GET', `${DEC}?key_ID=${keyIdOf(1)}&key_ID=${keyIdOf(2)}`, /twice/],
  ['a key ID that is too long', `${DEC}?key_ID=${'4'.repeat(65)}`, NOT_FOUND],
];

for (const [what, path, message] of badQueries) {
  test(`400 for ${what}, before any key is taken`, async () => {
    const calls = delivery.supply.calls.length;
    assertRefused(await ask(delivery, delivery.appA, path), 400, message);
    assert.equal(delivery.supply.calls.length, calls);
  });
}

const badBodies: [string, string, unknown, string | RegExp][] = [
  ['a size that is no multiple of 8', ENC, { size: 257 }, SIZE_MULTIPLE],
  ['a number as a string', ENC, { number: '3' }, /whole number/],
  ['a number that is not whole', ENC, { number: 1.5 }, /whole number/],
  ['another slave besides', ENC, { additional_slave_SAE_IDs: ['app-d'] }, /max_SAE_ID_count is 0/],
  ['other slaves that are no array', ENC, { additional_slave_SAE_IDs: 'app-d' }, /shall be an array/],
  [
    'a mandatory extension',
    ENC,
    { extension_mandatory: [{ abc_route_type: 'direct' }] },
    'not all extension_mandatory parameters are supported',
  ],
  ['optional extensions that are a text', ENC, { extension_optional: 'x' }, /shall be an array of objects/],
  ['optional extensions that are numbers', ENC, { extension_optional: [5] }, /shall be an array of objects/],
  [
    'an optional extension that is a list',
    ENC,
    { extension_optional: [{}, []] },
    /shall be an array of objects/,
  ],
  ['mandatory extensions that are no array', ENC, { extension_mandatory: {} }, /shall be an array/],
  ['an array for a body', ENC, [], /not a JSON object/],
  ['null for a body', ENC, null, /not a JSON object/],
  ['no key IDs', DEC, {}, /at least one/],
  ['an empty list of key IDs', DEC, { key_IDs: [] }, /at least one/],
  ['key IDs that are bare strings', DEC, { key_IDs: [keyIdOf(1)] }, /shall hold a key_ID/],
  ['a key ID that is a number', DEC, { key_IDs: [{ key_ID: 7 }] }, /shall hold a key_ID/],
  ['a key ID with a line feed', DEC, { key_IDs: [{ key_ID: keyIdOf(1) }, { key_ID: 'x\n' }] }, NOT_FOUND],
  [
    'the same key ID twice, in two spellings',
    DEC,
    { key_IDs: [{ key_ID: keyIdOf(1) }, { key_ID: keyIdOf(1).toUpperCase() }] },
    'a key_ID is given twice',
  ],
  [
    'more key IDs than a request may have',
    DEC,
    { key_IDs: Array.from({ length: 129 }, (_, index) => ({ key_ID: keyIdOf(index) })) },
    /at most 128 keys/,
  ],
];

for (const [what, path, body, message] of badBodies) {
  test(`400 for a POST with ${what}, before any key is taken`, async () => {
    const calls = delivery.supply.calls.length;
    assertRefused(await post(delivery, delivery.appA, path, body), 400, message);
    assert.equal(delivery.supply.calls.length, calls);
  });
}

for (const [what, body] of [
  ['is not JSON', '{"number": 1'],
  ['is not UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
  ['is nested 30,000 deep', '['.repeat(30_000)],
] as const) {
  test(`400 for a body that ${what}, without an echo of it`, async () => {
    const headers = { 'content-type': 'application/json; charset=utf-8' };
    const reply = await ask(delivery, delivery.appA, ENC, { body, headers });
    assertRefused(reply, 400, 'the body is not a JSON object', 'application.bad_request');
  });
}
