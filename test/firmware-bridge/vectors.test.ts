import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { decodeAgentMessage, decodeModuleMessage } from '../../firmware-bridge/decode.ts';
import { encodeMessage } from '../../firmware-bridge/encode.ts';
import { encodeFrame, FrameDecoder } from '../../firmware-bridge/framing.ts';
import { ACTIONS, type BridgeMessage, LINK_STATUSES, OUTCOMES } from '../../firmware-bridge/message.ts';
import { crc32c } from '../../src/bytes/crc32c.ts';
import { naiveVectors, type Vector } from './naive.ts';

const file = new URL('../../firmware-bridge/vectors.json', import.meta.url);
const vectors = JSON.parse(await readFile(file, 'utf8')) as Vector[];

function decode(vector: Vector): BridgeMessage {
  const bytes = Buffer.from(vector.envelope, 'hex');
  const decoded = vector.from === 'agent' ? decodeAgentMessage(bytes) : decodeModuleMessage(bytes);
  assert(decoded.kind === 'message', JSON.stringify(decoded));
  return decoded.message;
}

/** Our message under the field names of the schema. */
function named(message: BridgeMessage): Record<string, unknown> {
  const { type, ...fields } = message;
  const renamed: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    renamed[name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)] = value;
  }
  if ('role' in renamed) renamed['role'] = renamed['role'] === 'tx' ? 1 : 2;
  if (message.type === 'key_block') {
    renamed['bytes'] = message.bytes.view().toString('hex');
    Object.assign(renamed, message.part);
    delete renamed['part'];
  }
  if (message.type === 'telemetry' && message.status) {
    renamed['status'] = LINK_STATUSES.indexOf(message.status) + 1;
  }
  if (message.type === 'command') renamed['action'] = ACTIONS.indexOf(message.action) + 1;
  if (message.type === 'command_result') renamed['outcome'] = OUTCOMES.indexOf(message.outcome) + 1;
  if (message.type === 'acknowledge' && message.stored.length === 0) delete renamed['stored'];
  return { [type]: renamed };
}

test('the vectors are those that the independent encoder makes', () => {
  assert.deepEqual(vectors, naiveVectors());
  assert(vectors.length >= 28);
});

test('every vector decodes to its message and encodes back to its bytes', () => {
  for (const vector of vectors) {
    const message = decode(vector);
    assert.deepEqual(named(message), vector.message, vector.name);
    assert.equal(Buffer.from(encodeMessage(message)).toString('hex'), vector.envelope, vector.name);
  }
});

test('every vector frames and unframes to the same bytes', () => {
  for (const { name, envelope, crc32c: check, frame } of vectors) {
    const bytes = Buffer.from(envelope, 'hex');
    assert.equal(crc32c(bytes).toString(16).padStart(8, '0'), check, name);
    assert.equal(encodeFrame(bytes).toString('hex'), frame, name);
    const seen: string[] = [];
    new FrameDecoder().push(Buffer.from(frame, 'hex'), (message) => seen.push(message.toString('hex')));
    assert.deepEqual(seen, [envelope], name);
  }
});

test('CRC-32C has its published check value', () => {
  assert.equal(crc32c(Buffer.from('123456789')), 0xe3069283);
  assert.equal(crc32c(Buffer.from('xx123456789yy'), 2, 11), 0xe3069283);
});
