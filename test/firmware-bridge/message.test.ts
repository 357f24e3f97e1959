import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeAgentMessage, decodeModuleMessage } from '../../firmware-bridge/decode.ts';
import { encodeMessage } from '../../firmware-bridge/encode.ts';
import { keyferry } from '../../firmware-bridge/generated/bridge.js';
import { limits } from '../../src/limits.ts';
import { SecretBytes } from '../../src/secret/secret-bytes.ts';

type Fields = keyferry.bridge.v1.Envelope.$Properties;

function raw(fields: Fields): Uint8Array {
  return keyferry.bridge.v1.Envelope.encode(fields).finish();
}

const hello = {
  opening: 1,
  protocol_min: 1,
  protocol_max: 1,
  module_id: 'm',
  link_id: 'l',
  role: 1,
  firmware_version: '',
  max_block_bytes: 32,
};

test('what is out of bounds is malformed', () => {
  const long = 'x'.repeat(limits.bridgeIdBytesMax + 1);
  const fromModule: Fields[] = [
    { key_block: { number: 1, bytes: new Uint8Array(0) } },
    { key_block: { number: 1, bytes: new Uint8Array(limits.bridgePartBytesMax + 1) } },
    { key_block: { number: limits.blockNumberMax + 1, bytes: Uint8Array.of(1) } },
    { key_block: { number: Number.MAX_SAFE_INTEGER, bytes: Uint8Array.of(1) } },
    { key_block: { number: 1, bytes: Uint8Array.of(1), offset: 1 } },
    { key_block: { number: 1, bytes: Uint8Array.of(1, 2), offset: 9, total: 10 } },
    { key_block: { number: 1, bytes: Uint8Array.of(1), total: limits.bridgeBlockBytesMax + 1 } },
    { hello: { ...hello, max_part_bytes: limits.bridgePartBytesMin - 1 } },
    { hello: { ...hello, max_part_bytes: limits.bridgePartBytesMax + 1 } },
    { command_result: { token: 1, outcome: 1, text: 'a\nb' } },
    { hello: { ...hello, module_id: '' } },
    { hello: { ...hello, module_id: long } },
    { hello: { ...hello, link_id: 'a b' } },
    { hello: { ...hello, link_id: 'ü' } },
    { hello: { ...hello, role: 0 } },
    { hello: { ...hello, role: 3 } },
    { hello: { ...hello, protocol_min: 0 } },
    { hello: { ...hello, protocol_min: 3, protocol_max: 2 } },
    { hello: { ...hello, firmware_version: 'a\nb' } },
    { alarm: { code: '', text: '', active: true } },
    { alarm: { code: 'c', text: '\u001b[2J', active: true } },
    { alarm: { code: 'c', text: 'x'.repeat(limits.bridgeTextBytesMax + 1), active: true } },
  ];
  for (const fields of fromModule) {
    assert.equal(decodeModuleMessage(raw(fields)).kind, 'malformed', JSON.stringify(fields).slice(0, 80));
  }
  const stored = Array.from({ length: limits.bridgeAnswersMax + 1 }, (_, i) => i);
  const fromAgent: Fields[] = [
    { acknowledge: { stored } },
    { acknowledge: { stored: [limits.blockNumberMax + 1] } },
    { acknowledge: { refused: { number: limits.blockNumberMax + 1, reason: '' } } },
    { command: { token: 1, action: 0 } },
    { command: { token: 1, action: 5 as 4 } },
    { agent_hello: { opening: 1, protocol_min: 1, protocol_max: 1, max_block_bytes: 1, max_part_bytes: 1 } },
    { agent_hello: { opening: 0, protocol_min: 1, protocol_max: 1, max_block_bytes: 1 } },
  ];
  for (const fields of fromAgent) assert.equal(decodeAgentMessage(raw(fields)).kind, 'malformed');
});

test('a message that goes the other way is malformed', () => {
  assert.equal(decodeModuleMessage(raw({ ping: { token: 1 } })).kind, 'malformed');
  assert.equal(decodeAgentMessage(raw({ pong: { token: 1 } })).kind, 'malformed');
});

test('what a later version adds is unknown or left out, not malformed', () => {
  assert.deepEqual(decodeModuleMessage(Buffer.of(0xa2, 0x06, 0x01, 0x00)), { kind: 'unknown' });
  assert.deepEqual(decodeModuleMessage(Buffer.alloc(0)), { kind: 'unknown' });
  const more = Buffer.concat([Buffer.of(0x52, 0x05, 0x08, 0x03), Buffer.of(0xf8, 0x06, 0x01)]);
  assert.deepEqual(decodeAgentMessage(more), { kind: 'message', message: { type: 'ping', token: 3 } });
});

test('a measurement out of range counts as left out', () => {
  const decoded = decodeModuleMessage(raw({ telemetry: { qber: 0.6, skr: Number.NaN } }));
  assert.deepEqual(decoded, { kind: 'message', message: { type: 'telemetry' } });
});

test('key is copied out: wiping the input leaves the block whole', () => {
  const bytes = Buffer.from(raw({ key_block: { number: 4, bytes: Buffer.from('secret') } }));
  const decoded = decodeModuleMessage(bytes);
  bytes.fill(0);
  assert(decoded.kind === 'message' && decoded.message.type === 'key_block');
  assert.equal(decoded.message.bytes.view().toString(), 'secret');
});

test('random bytes and damaged messages never throw', () => {
  const good = encodeMessage({
    type: 'key_block',
    number: 77,
    bytes: SecretBytes.copyOf(Buffer.alloc(40, 3)),
  });
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      fc.nat(good.length - 1),
      fc.nat(255),
      (bytes, at, value) => {
        const damaged = Buffer.from(good);
        damaged[at] = value;
        for (const input of [bytes, damaged, damaged.subarray(0, at)]) {
          assert.match(decodeModuleMessage(input).kind, /^(message|unknown|malformed)$/);
          assert.match(decodeAgentMessage(input).kind, /^(message|unknown|malformed)$/);
        }
      },
    ),
    { numRuns: 1000 },
  );
});

test('every message to a module fits a buffer of 256 bytes', () => {
  const number = limits.blockNumberMax;
  const stored = Array.from({ length: limits.bridgeAnswersMax }, () => number);
  const reason = 'x'.repeat(limits.bridgeTextBytesMax);
  assert(encodeMessage({ type: 'acknowledge', stored }).length <= 256);
  assert(encodeMessage({ type: 'acknowledge', stored: [], refused: { number, reason } }).length <= 256);
});
