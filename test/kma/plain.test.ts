import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { plainKeyId } from '../../src/keys/plain-key-id.ts';
import { limits } from '../../src/limits.ts';
import { until } from '../manual-clock.ts';
import { COMPLETION, RELAY, type RelayMessage, read, SPELLINGS } from '../plain/naive-km.ts';
import { failNext } from '../store/temp-store.ts';
import { type TestNode, World } from './node.ts';
import { answered, behindTransit, besidePlain, closed, foreignKey, naive, open } from './plain-lines.ts';

const relay = (from: TestNode, to: string, count: number) => from.relay.source.relay(to, count);
const base64 = (bytes: number) => randomBytes(bytes).toString('base64');
const message = (to: string, more: Partial<RelayMessage> = {}): RelayMessage => ({
  sourceKmaId: 'P',
  destinationKmaId: to,
  keys: [{ keyId: 'k1', key: base64(32) }],
  ...more,
});

/** The keys that a node has relayed, by the IDs that a plain KM knows them under. */
function relayedKeys(node: TestNode, remote: string): Map<string, string> {
  const { own, idSecrets } = node.store.pool(remote);
  const keys = new Map<string, string>();
  for (const block of own.values()) {
    const bytes = node.store.open.view(block);
    const secret = idSecrets.own.get(block.epoch)!.view();
    for (let i = block.first; i < block.units; i++)
      keys.set(plainKeyId(secret, block.number, i), bytes.toString('base64', i * 32, (i + 1) * 32));
  }
  return keys;
}

for (const spelling of SPELLINGS)
  test(`a plain source that spells "${spelling}" relays keys of any size under IDs of any form to us`, async (t) => {
    const { a, p } = await besidePlain(t, open, spelling);
    const keys = [
      { keyId: '7', key: base64(1), keyExtension: { hash: 'x' } },
      { keyId: 'Schlüssel "8"', key: base64(100) },
      { keyId: '0D5E4C1A-9B77-4E02-8F3D-AA00000000FF', key: base64(limits.relayKeyBytesMax) },
    ];
    p.relay('A', message('A', { keys, keyRelayRequestId: 'r 1', transitKmaIds: [], extension: [] }));
    assert.deepEqual(await answered(p), { response: 'success', keyRelayRequestId: 'r 1' });
    assert.equal(p.heard[0]?.command, COMPLETION);
    assert.equal(await foreignKey(a, 'P', '7'), keys[0]!.key);
    assert.equal(await foreignKey(a, 'P', 'Schlüssel "8"'), keys[1]!.key);
    assert.equal(await foreignKey(a, 'P', keys[2]!.keyId.toLowerCase()), keys[2]!.key);
  });

test('a relay without request ID, transit list and extension is stored, and answered without ID', async (t) => {
  const { a, p } = await besidePlain(t, open);
  const one = message('A');
  p.relay('A', one);
  assert.deepEqual(await answered(p), { response: 'success' });
  assert.equal(await foreignKey(a, 'P', 'k1'), one.keys[0]!.key);
});

test('keys that come again are a success, other ones under their ID are a conflict', async (t) => {
  const { a, p } = await besidePlain(t, open);
  const one = message('A');
  p.relay('A', one);
  await answered(p, 1);
  p.relay('A', one);
  assert.equal((await answered(p, 2)).response, 'success');
  p.relay('A', message('A'));
  assert.equal((await answered(p, 3)).response, 'conflict');
  assert.deepEqual({ ...a.relay.destination.stats }, { blocks: 1, keys: 1, refused: 1 });
  assert.equal(await foreignKey(a, 'P', 'k1'), one.keys[0]!.key);
  p.relay('A', one);
  assert.equal((await answered(p, 4)).response, 'conflict', 'a key that was used is not taken in again');
});

test('what cannot be stored is refused with the reason, and nothing of it is kept', async (t) => {
  const { a, p } = await besidePlain(t, open);
  const key = base64(32);
  const twice = [
    { keyId: 'AAAAAAAA-0000-4000-8000-000000000000', key },
    { keyId: 'aaaaaaaa-0000-4000-8000-000000000000', key },
  ];
  for (const [keys, reason] of [
    [[{ keyId: 'line\nfeed', key }], 'unsupported_key'],
    [twice, 'unsupported_key'],
  ] as const) {
    p.relay('A', message('A', { keys: [...keys] }));
    assert.equal((await answered(p, p.completions.length + 1)).response, reason);
  }
  const { insert } = a.store.foreign;
  a.store.foreign.insert = (...given) => {
    failNext(a.store);
    return insert.apply(a.store.foreign, given);
  };
  p.relay('A', message('A', { keys: [{ keyId: 'k2', key }] }));
  await until('the disk has failed', () =>
    p.completions.some(({ response }) => response === 'store_unavailable'),
  );
  assert.equal(await a.store.foreign.take('P', ['k2']), undefined);
});

for (const words of ['success', 'OK', 'Successful'])
  test(`a plain destination that answers "${words}" holds our keys under the IDs that we know them by`, async (t) => {
    const { a, p } = await besidePlain(t, open);
    p.answer = ({ keyRelayRequestId }) => ({ response: words, keyRelayRequestId: keyRelayRequestId! });
    assert.equal((await relay(a, 'P', 3)).keys, 3);
    assert.equal((await relay(a, 'P', 2)).keys, 2);
    assert.equal(a.store.pool('P').ownLeft, 5);
    const mine = relayedKeys(a, 'P');
    assert.equal(mine.size, 5);
    assert.deepEqual(mine, new Map([...p.keys].map(([id, { key }]) => [id, key])));
    const [secret] = [...a.store.pool('P').idSecrets.own.values()];
    assert.ok(p.heard.every(({ text }) => !text.includes(secret!.view().toString('base64'))));
    assert.ok(p.heard.every(({ text }) => !text.includes('keyferry')));
  });

test('a plain destination is written to in the spelling that is set for it', async (t) => {
  for (const memberNames of SPELLINGS) {
    const world = new World(t);
    const p = naive(world, 'P');
    const a = world.node('A', { neighbours: ['P'], linked: [], plain: { P: { ...open, memberNames } } });
    a.start();
    await a.up();
    await relay(a, 'P', 1);
    assert.ok(p.heard[0]!.text.includes(`{"${memberNames}":"A",`), p.heard[0]!.text.slice(0, 50));
  }
});

test('the keys of a plain destination that refuses in words of its own are not used, and the words are told', async (t) => {
  const { a, p } = await besidePlain(t, open);
  p.answer = ({ keyRelayRequestId }) => ({
    response: 'constructor',
    keyRelayRequestId: keyRelayRequestId!,
  });
  await assert.rejects(relay(a, 'P', 1), { code: 'relay.failed', message: /"constructor"/ });
  assert.equal(a.store.pool('P').ownLeft, 0);
  await assert.rejects(relay(a, 'P', limits.relayKeysMax), { code: 'relay.malformed' });
});

test('a completion without request ID answers the one relay that is under way, and none of two', async (t) => {
  const { world, p, b, c } = await behindTransit(t);
  const asked: RelayMessage[] = [];
  p.answer = (one) => {
    asked.push(one);
    return undefined;
  };
  // One of B's own, and one in transit.
  const both = [relay(b, 'P', 1), relay(c, 'P', 1)];
  await until('both have come', () => asked.length === 2);
  const bare = () => p.send('B', COMPLETION, '{"response":"success"}');
  bare();
  await until('it is passed over', () => b.log.of('kx.message.malformed').length === 1);
  const { keyRelayRequestId } = asked.find(({ sourceKmaId }) => sourceKmaId === 'B')!;
  p.send('B', COMPLETION, JSON.stringify({ response: 'success', keyRelayRequestId }));
  await both[0];
  assert.equal(c.relay.source.inFlight, 1);
  // What was passed over may have answered the other one: only what comes after the next try is sure to.
  bare();
  await until('that is passed over as well', () => b.log.of('kx.message.malformed').length === 2);
  await world.clock.leap(limits.relayRetryMs + 100);
  await until('it is asked for again', () => asked.length === 3);
  bare();
  await both[1];
  assert.equal(c.store.pool('P').ownLeft, 1);
});

test('a completion without request ID answers nothing as long as it may answer what was given up before', async (t) => {
  const { world, a, p } = await besidePlain(t, open);
  p.answer = () => undefined;
  const rejected = (code: string) => assert.rejects(relay(a, 'P', 1), { code });
  await Promise.all([rejected('relay.timeout'), world.clock.leap(limits.relayTimeoutMs)]);
  const [tries, cutOff] = [p.heard.length, rejected('relay.stopped')];
  await until('the next one is asked for', () => p.heard.length > tries);
  p.send('A', COMPLETION, '{"response":"success"}');
  await until('it is passed over', () => a.log.of('kx.message.malformed').length === 1);
  a.relay.source.stop();
  await cutOff;
});

test('a plain KM is transit between two keyferry nodes, in both senses and for several messages', async (t) => {
  const world = new World(t);
  const p = naive(world, 'P', 'sourceKmaId');
  const end = (id: string, far: string) =>
    world.node(id, {
      neighbours: ['P'],
      linked: [],
      plain: { P: { ...open, memberNames: 'Source KMA ID' } },
      routes: [{ destination: far, via: ['P'] }],
    });
  const [a, c] = [end('A', 'C'), end('C', 'A')];
  for (const node of [a, c]) node.start();
  for (const node of [a, c]) await node.up();
  for (const [from, to] of [
    [a, c],
    [c, a],
  ] as const) {
    for (const count of [3, 900]) assert.equal((await relay(from, to.id, count)).keys, count);
    const all = (node: TestNode, remote: string, own: boolean) =>
      [...node.store.pool(remote).side(own).values()].map((block) => [
        block.number,
        node.store.open.view(block).toString('hex'),
      ]);
    assert.equal(from.store.pool(to.id).ownLeft, 903);
    assert.deepEqual(all(from, to.id, true), all(to, from.id, false));
  }
  assert.equal(p.heard.filter(({ command }) => command === RELAY).length, 2 * 4);
});

for (const spelling of SPELLINGS)
  test(`a plain source that spells "${spelling}" reaches a keyferry node through us, whatever it leaves out`, async (t) => {
    const { world, p, b, c } = await behindTransit(t, spelling);
    const crossed: string[] = [];
    world.net.crossing = (name, bytes) => {
      if (name === 'B>C') crossed.push(bytes.toString('latin1', 10));
    };
    const keys = [1, 33].map((bytes, i) => ({
      keyId: `k${i}`,
      key: base64(bytes + 40),
      keyExtension: { 'Key hash': 1e2 },
    }));
    const full = { keys, keyRelayRequestId: 'r-1', transitKmaIds: ['B'], extension: [{ vendor: [1, 2] }] };
    p.relay('B', message('C', full));
    assert.deepEqual(await answered(p), { response: 'success', keyRelayRequestId: 'r-1' });
    const one = message('C', { keys: [{ keyId: 'alone', key: base64(64) }] });
    p.relay('B', one);
    assert.deepEqual(await answered(p, 2), { response: 'success' });
    p.relay('B', { ...one, transitKmaIds: [] });
    assert.deepEqual(await answered(p, 3), { response: 'success' });
    for (const { keyId, key } of [...keys, ...one.keys]) {
      assert.ok(
        crossed.every((text) => !text.includes(key.slice(0, 12))),
        'it is covered between B and C',
      );
      assert.equal(await foreignKey(c, 'P', keyId), key);
    }
    const relayed = read(JSON.parse(crossed[0]!)) as RelayMessage;
    assert.deepEqual(relayed.extension?.[0], { vendor: [1, 2] });
    assert.deepEqual(relayed.keys[0]?.keyExtension, { 'Key hash': 100 });
    assert.ok(crossed[0]!.includes('{"Key hash":100}'));
    assert.equal(b.relay.transit.inFlight, 0);
  });

test('a keyferry node relays to a plain KM behind us, and its keys cross the QKD link covered', async (t) => {
  const { world, p, c } = await behindTransit(t);
  const crossed: string[] = [];
  world.net.crossing = (name, bytes) => {
    if (name === 'C>B') crossed.push(bytes.toString('latin1'));
  };
  assert.equal((await relay(c, 'P', 4)).keys, 4);
  p.answer = () => ({ response: 'ok' });
  assert.equal((await relay(c, 'P', 1)).keys, 1);
  const mine = relayedKeys(c, 'P');
  assert.deepEqual(mine, new Map([...p.keys].map(([id, { key }]) => [id, key])));
  for (const key of mine.values()) assert.ok(crossed.every((text) => !text.includes(key.slice(0, 12))));
  assert.ok(p.heard.every(({ text }) => !text.includes('keyferry')));
});

test('where unprotected key is not allowed none leaves and none is taken in, in any role', async (t) => {
  const { a, p } = await besidePlain(t, closed);
  await assert.rejects(relay(a, 'P', 1), { code: 'relay.refused_by_policy', fault: 'configuration' });
  assert.deepEqual(p.heard, []);
  p.relay('A', message('A', { keyRelayRequestId: randomUUID() }));
  assert.equal((await answered(p)).response, 'refused_by_policy');
  assert.equal(a.store.foreign.count('P'), 0);
  assert.ok(a.peers.get('P')!.up);
  const row = await behindTransit(t, undefined, closed);
  const sent: string[] = [];
  row.world.net.crossing = (name) => sent.push(name);
  row.p.relay('B', message('C', { keyRelayRequestId: 'r' }));
  assert.deepEqual(await answered(row.p), { response: 'refused_by_policy', keyRelayRequestId: 'r' });
  assert.ok(!sent.includes('B>C'));
  await assert.rejects(relay(row.c, 'P', 1), { code: 'relay.refused_by_policy' });
  assert.ok(row.p.heard.every(({ command }) => command === COMPLETION));
});

test('a plain peer cannot make the connection behind us fall, whatever members it sends', async (t) => {
  const { p, b, c } = await behindTransit(t);
  const { connects } = b.peers.get('C')!;
  const text = (more: string) =>
    `{"source_KMA_ID":"P","destination_KMA_ID":"C","keys":[{"key_ID":"1","key":"AAAA"}],"key_relay_request_ID":"${randomUUID()}"${more}}`;
  const many = (count: number) => Array.from({ length: count }, (_, i) => `,"m${i}":0`).join('');
  const odd = [
    ',"extension":[],"Extension":[{"keyferry_hop":{"pad":[[0,2,2]],"tag":"AAAAAAAAAAAAAAAAAAAAAA=="}}]',
    ',"Extension":{},"extension":[]',
    many(60),
  ];
  const before = p.completions.length;
  for (let i = 0; i < 4; i++) for (const more of odd) p.send('B', RELAY, text(more));
  const answers = () => p.completions.slice(before).map(({ response }) => response);
  await until('all are refused', () => answers().length === 12);
  assert.deepEqual([...new Set(answers())], ['malformed']);
  const fake = '{"keyferry_hop":{"pad":[[0,2,2]],"tag":"AAAAAAAAAAAAAAAAAAAAAA=="}}';
  p.send('B', RELAY, text(`,"extension":[${fake}]`));
  assert.equal((await answered(p, 13)).response, 'success', 'to us it is an entry like any other');
  assert.equal(await foreignKey(c, 'P', '1'), 'AAAA');
  assert.equal(b.peers.get('C')!.connects, connects);
  assert.deepEqual(c.log.of('kx.message.not_authentic'), []);
});
