import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allocFrame, command } from '../../src/kx/codec/header.ts';
import { whyMalformed } from '../../src/kx/decode/why-malformed.ts';
import { limits } from '../../src/limits.ts';
import { until } from '../manual-clock.ts';
import { linkedPair } from './node.ts';

const NOTHING = '{"used":[],"gone":[],"marks":[]}';

function holdings(messageId: number): Buffer {
  const frame = allocFrame(command.holdings, NOTHING.length);
  frame.write(NOTHING, limits.kxHeaderBytes);
  frame.writeUInt32BE(messageId, 2);
  return frame;
}

test('holdings that come too often count as bad messages, and end the connection', async (t) => {
  const { world, a } = await linkedPair(t);
  const peer = a.peers.get('B')!;
  const before = peer.connects;
  const send = (count: number, from: number) =>
    world.net.inject('B>A', Buffer.concat(Array.from({ length: count }, (_, i) => holdings(from + i))));
  send(limits.holdingsBurst, 1_000_000);
  await world.clock.leap(100);
  assert.ok(peer.up, 'as many as are allowed at a stretch');
  send(limits.holdingsBurst, 2_000_000);
  await until('A has ended the connection', () => !peer.up || peer.connects > before);
});

const relay = (ids: readonly string[]) =>
  Buffer.from(
    JSON.stringify({
      source_KMA_ID: 'A',
      destination_KMA_ID: 'B',
      transit_KMA_IDs: ids,
      keys: [{ key_ID: 'x', key: 'AA==' }],
    }),
  );
const why = (payload: Buffer, first = true) =>
  whyMalformed(
    {
      header: { version: 1, messageId: 1, command: command.keyRelay, length: payload.length },
      payload,
    },
    first,
  );

test('what is wrong with a message is found without reading it once for each of its elements', () => {
  const few = Array.from({ length: 10 }, (_, i) => `${i}`);
  assert.match(why(relay([...few, '', ...few])), /transit_KMA_IDs\[10\] is empty, too long/);
  assert.match(
    why(relay(Array.from({ length: 1_500 }, () => 'A'))),
    /transit_KMA_IDs is too long with 1500 elements/,
  );
});

test('one that is longer than honest faults are is not looked into', () => {
  const payload = relay(Array.from({ length: 4_000 }, () => 'A'));
  assert.match(why(payload), /too long with 4000 elements/, 'the first one is');
  assert.equal(
    why(payload, false),
    `it has ${payload.length} bytes, too many to look for the fault here: have "keyferry decode" look at a capture`,
  );
});
