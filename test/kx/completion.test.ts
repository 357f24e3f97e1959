import assert from 'node:assert/strict';
import { test } from 'node:test';
import { relayFailure } from '../../src/kma/relay-failure.ts';
import { readCompletion, relayResponses, writeCompletion } from '../../src/kx/codec/completion.ts';
import { limits } from '../../src/limits.ts';
import { frameWithHop } from './framed.ts';
import { completionMembers, payloadOf } from './payloads.ts';

const read = (changes: Record<string, unknown> = {}) => readCompletion(payloadOf(completionMembers(changes)));

test('each response is read as it was written', () => {
  for (const response of relayResponses) {
    const prefix = writeCompletion(response, 'request');
    const payload = frameWithHop(0x1102, prefix, [{ number: 1, index: 2, units: 1 }])!.subarray(10);
    const completion = readCompletion(payload)!;
    assert.deepEqual([completion.response, completion.requestId], [response, 'request']);
    assert.equal(completion.hop?.start, prefix.length);
    assert.equal(JSON.parse(payload.toString())['response'], response);
  }
});

test('texts of others are written as JSON and read back', () => {
  for (const text of ['a "reason"', 'back\\slash', 'line\nfeed', 'ünïcode 😀']) {
    const payload = frameWithHop(0x1102, writeCompletion(text, text), [{ number: 1, index: 2, units: 1 }])!;
    const completion = readCompletion(payload.subarray(10));
    assert.deepEqual([completion?.response, completion?.requestId], [text, text]);
  }
});

test('a response that we do not know is kept', () => {
  assert.equal(read({ response: 'out of coffee' })?.response, 'out of coffee');
});

test('the request ID and the extension may be missing', () => {
  const completion = read({ key_relay_request_ID: undefined, extension: undefined });
  assert.deepEqual(completion, { response: 'success', requestId: undefined, hop: undefined });
});

test('member names may be spelled in other ways, unknown members are passed over', () => {
  const payload = payloadOf({ x: [], Response: 'success', keyRelayRequestId: 'request', Extension: [] });
  assert.deepEqual(readCompletion(payload), { response: 'success', requestId: 'request', hop: undefined });
});

test('without a response of 1 to 1,024 characters it is none', () => {
  for (const response of [undefined, '', null, 1, ['success'], 'x'.repeat(limits.responseCharsMax + 1)])
    assert.equal(read({ response }), undefined);
  assert.ok(read({ response: 'x'.repeat(limits.responseCharsMax) }));
  assert.equal(readCompletion(Buffer.from('{"response":"success"')), undefined);
});

test('every reason of failure is explained to whoever asked for the relay', () => {
  for (const response of relayResponses.filter((word) => word !== 'success')) {
    const { code, message, remedy } = relayFailure(response, 'C');
    assert.equal(code, `relay.${response}`);
    assert.ok(!message.includes('"'), 'in words of its own');
    assert.ok(remedy.endsWith('.'));
  }
  assert.match(relayFailure('out of coffee', 'C').message, /"out of coffee"/);
});
