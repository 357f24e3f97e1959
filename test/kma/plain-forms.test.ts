import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { limits } from '../../src/limits.ts';
import { until } from '../manual-clock.ts';
import { COMPLETION, RELAY } from '../plain/naive-km.ts';
import type { TestNode } from './node.ts';
import { answered, behindTransit, besidePlain, foreignKey, open } from './plain-lines.ts';

// What the tables of Q.4163 leave open, or have no bounds for, as other makes may write it.

const relay = (from: TestNode, to: string, count: number) => from.relay.source.relay(to, count);
const base64 = (bytes: number) => randomBytes(bytes).toString('base64');

test('a refusal in a thousand characters ends the relay, and is told in short', async (t) => {
  const { a, p } = await besidePlain(t, open);
  const response = `no: ${'because '.repeat(127)}😀`;
  p.answer = ({ keyRelayRequestId }) => ({ response, keyRelayRequestId: keyRelayRequestId! });
  const short = `${response.slice(0, limits.responseCharsShown)}…`;
  await assert.rejects(relay(a, 'P', 1), { code: 'relay.failed', message: new RegExp(`"${short}"$`) });
  assert.equal(a.relay.source.stats.lastFailure, short);
  assert.deepEqual(a.log.of('kx.message.malformed'), []);
});

test('a list of transit KMAs that is a text is one ID, or none, and goes on as it came', async (t) => {
  const { world, p, b, c } = await behindTransit(t);
  const crossed: string[] = [];
  world.net.crossing = (name, bytes) => {
    if (name === 'B>C') crossed.push(bytes.toString('latin1', 10));
  };
  for (const [i, list] of ['"B"', '""'].entries()) {
    const keys = `[{"key_ID":"k${i}","key":"${base64(32)}"}]`;
    p.send(
      'B',
      RELAY,
      `{"source_KMA_ID":"P","destination_KMA_ID":"C","transit_KMA_IDs":${list},"keys":${keys}}`,
    );
    assert.equal((await answered(p, i + 1)).response, 'success');
    assert.ok(crossed[i]!.includes(`"transit_KMA_IDs":${list},`));
    assert.ok(await foreignKey(c, 'P', `k${i}`));
  }
  assert.deepEqual(
    [b, c].flatMap(({ log }) => log.of('kx.message.malformed')),
    [],
  );
});

test('a relay that is beyond our limits is answered, and costs a plain peer no connection', async (t) => {
  const { world, a, p } = await besidePlain(t, open);
  const { connects } = a.peers.get('P')!;
  const one = { key_ID: 'k', key: 'AAAA' };
  const id = 'x'.repeat(limits.idCharsMax + 1);
  const cases: [object, string][] = [
    [{ keys: [{ ...one, key_ID: '' }] }, 'unsupported_key'],
    [{ keys: [one, { ...one, key_ID: id }] }, 'unsupported_key'],
    [
      { keys: Array.from({ length: limits.relayKeysMax + 1 }, (_, i) => ({ ...one, key_ID: `${i}` })) },
      'malformed',
    ],
    [{ keys: [{ ...one, key: base64(limits.relayKeyBytesMax + 1) }] }, 'malformed'],
    [{ transit_KMA_IDs: Array(limits.transitMax + 1).fill('B') }, 'malformed'],
    [{ source_KMA_ID: id }, 'malformed'],
    [{ extension: 5 }, 'malformed'],
    [{ extension: [1] }, 'malformed'],
    [{ extension: [{}, null] }, 'malformed'],
    [{ keys: [] }, 'malformed'],
  ];
  const members = { source_KMA_ID: 'P', destination_KMA_ID: 'A', keys: [one] };
  for (const named of [true, false])
    for (const [change, response] of cases) {
      const request = named ? { key_relay_request_ID: 'r' } : {};
      // Not more than now and then.
      await world.clock.leap(1_000 / limits.toldMessagesPerSecond);
      p.send('A', RELAY, JSON.stringify({ ...members, ...request, ...change }));
      const expected = named ? { response, keyRelayRequestId: 'r' } : { response };
      assert.deepEqual(await answered(p, p.completions.length + 1), expected);
    }
  assert.equal(a.log.of('kx.message.malformed').length, 2 * cases.length);
  assert.deepEqual([a.peers.get('P')!.up, a.peers.get('P')!.connects], [true, connects]);
  assert.equal(a.store.foreign.count('P'), 0);
});

test('a plain peer that sends many such at once is cut off in the end', async (t) => {
  const { a, p } = await besidePlain(t, open);
  const bad = { source_KMA_ID: 'P', destination_KMA_ID: 'A', keys: [], key_relay_request_ID: 'r' };
  for (let i = 0; i < 3 * limits.badMessagesMax; i++) p.send('A', RELAY, JSON.stringify(bad));
  await until('it is cut off', () => !p.isConnected('A') || a.peers.get('P')!.connects > 1);
});

test('what cannot be answered costs a plain peer its connection in the end', async (t) => {
  const { a, p } = await besidePlain(t, open);
  const odd = [
    '{',
    `{"key_relay_request_ID":"${'x'.repeat(limits.idCharsMax + 1)}"}`,
    '{"key_relay_request_ID":1}',
  ];
  for (let i = 0; i < 3; i++) for (const text of odd) p.send('A', RELAY, text);
  await until('it is cut off', () => !p.isConnected('A') || a.peers.get('P')!.connects > 1);
  assert.deepEqual(p.completions, []);
});

test('what is optional may be null, at the destination and in transit', async (t) => {
  const nothing = { transit_KMA_IDs: null, key_relay_request_ID: null, extension: null };
  const members = (to: string) =>
    JSON.stringify({
      ...nothing,
      source_KMA_ID: 'P',
      destination_KMA_ID: to,
      keys: [{ key_ID: 'k', key: base64(32), key_extension: null }],
    });
  const { a, p } = await besidePlain(t, open);
  p.send('A', RELAY, members('A'));
  assert.deepEqual(await answered(p), { response: 'success' });
  assert.ok(await foreignKey(a, 'P', 'k'));
  const row = await behindTransit(t);
  row.p.send('B', RELAY, members('C'));
  assert.deepEqual(await answered(row.p), { response: 'success' });
  assert.ok(await foreignKey(row.c, 'P', 'k'));
  // The plain peer's own completions, for itself and through us.
  row.p.answer = () => undefined;
  const relayed = relay(row.c, 'P', 1);
  await until('it is asked', () => row.p.heard.some(({ command }) => command === RELAY));
  row.p.send('B', COMPLETION, '{"response":"ok","key_relay_request_ID":null,"extension":null}');
  assert.equal((await relayed).keys, 1);
});
