import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { command, readHeader } from '../../src/kx/codec/header.ts';
import { readSupplyAnswer, readSupplyNotice, writeSupplyNotice } from '../../src/kx/codec/key-supply.ts';
import { limits } from '../../src/limits.ts';
import { until } from '../manual-clock.ts';
import { failNext } from '../store/temp-store.ts';
import { Applications, held } from './applications.ts';
import { row } from './node.ts';

const PAIR = { masterSaeId: 'app-a', slaveSaeId: 'app-c' };
const homes = { 'app-a': 'A', 'app-c': 'C', 'other-c': 'C', 'app-b': 'B' };

/** A, B and C in a row with applications at the ends and key relayed from A to C. */
async function setUp(t: TestContext, pushed = ['app-c']) {
  const { world, ...nodes } = await row(t);
  const a = new Applications(nodes.a, { homes, pushed });
  const c = new Applications(nodes.c, { homes });
  await nodes.a.relay.source.relay('C', 60);
  return { world, nodes, a, c };
}

const ended = (a: Applications) =>
  until('the notification has come to its end', () => a.source.inFlight === 0);
const announce = (a: Applications, changes: object = {}) =>
  a.source.announce({
    destination: 'C',
    master: 'app-a',
    slave: 'app-c',
    keyIds: ['x'],
    sizeBits: 256,
    ...changes,
  });

test('keys that the master takes are pushed to the slave, over a transit node, and nowhere else to be had', async (t) => {
  const { world, nodes, a, c } = await setUp(t);
  const frames: [string, Buffer][] = [];
  world.net.crossing = (name, bytes) => frames.push([name, Buffer.from(bytes)]);
  const stream = c.stream(PAIR);
  const other = c.stream({ ...PAIR, slaveSaeId: 'other-c' });
  const taken = held(await a.announcing.take(PAIR, 3, 512));
  await ended(a);
  assert.deepEqual(stream.keys, taken);
  assert.equal(other.keys.size, 0);
  assert.deepEqual({ ...a.source.stats }, { sent: 1, succeeded: 1, failed: 0, lastFailure: '' });
  assert.deepEqual({ ...nodes.b.notification.stats }, { forwarded: 1, supplied: 0, refused: 0 });
  assert.deepEqual({ ...c.proactive.stats }, { pushed: 3, lost: 0 });
  const again = c.supply.find(PAIR, [...taken.keys()]);
  await assert.rejects(again, { code: 'application.key_not_found' });

  const seen = frames.map(([name, bytes]) => `${name} ${readHeader(bytes, 0).command.toString(16)}`);
  assert.deepEqual(seen, ['A>B 1103', 'B>C 1103', 'C>B 1104', 'B>A 1104']);
  const [notice, passedOn, answer, passedBack] = frames.map(([, bytes]) => bytes.subarray(10));
  const { hop, ...sent } = readSupplyNotice(notice!)!;
  assert.deepEqual(
    hop?.segments.map(({ units }) => units),
    [1],
    'one KMA-key of pad protects it',
  );
  const { hop: _, ...onward } = readSupplyNotice(passedOn!)!;
  assert.deepEqual(onward, sent);
  assert.deepEqual([sent.number, sent.sizeBits, sent.announced?.keyIds], [3, 512, [...taken.keys()]]);
  assert.deepEqual(readSupplyAnswer(answer!)?.keyIds, [...taken.keys()]);
  assert.equal(readSupplyAnswer(passedBack!)?.response, 'success');
  for (const key of taken.values())
    for (const [, bytes] of frames)
      for (const form of [
        Buffer.from(key, 'hex'),
        Buffer.from(key),
        Buffer.from(Buffer.from(key, 'hex').toString('base64')),
      ])
        assert.ok(!bytes.includes(form.subarray(0, 10)), 'no key is in these messages');
});

test('what cannot be pushed stays to be fetched by its ID', async (t) => {
  const { a, c } = await setUp(t);
  c.stream({ ...PAIR, slaveSaeId: 'other-c' });
  const taken = held(await a.announcing.take(PAIR, 2, 256));
  await ended(a);
  assert.equal(a.source.stats.lastFailure, 'application_not_connected');
  assert.deepEqual(held(await c.supply.find(PAIR, [...taken.keys()])), taken);
});

test('the master does not wait for the notification, and silence ends it', async (t) => {
  const { world, a, c } = await setUp(t);
  c.stream(PAIR);
  world.net.stalled.add('B>C');
  const taken = held(await a.announcing.take(PAIR, 1, 256));
  assert.equal(taken.size, 1);
  assert.equal(a.source.inFlight, 1);
  await world.clock.leap(limits.supplyNoticeMs);
  assert.equal(a.source.inFlight, 0);
  assert.equal(a.source.stats.lastFailure, 'timeout');
});

test('keys that the slave has fetched already are not pushed, and those with them stay', async (t) => {
  const { a, c } = await setUp(t, []);
  const stream = c.stream(PAIR);
  const [first, second] = [...held(await a.announcing.take(PAIR, 2, 256)).keys()];
  held(await c.supply.find(PAIR, [first!]));
  const { response, keyIds } = await announce(a, { keyIds: [second, first] });
  assert.deepEqual([response, keyIds, stream.keys.size], ['unknown_key', [], 0]);
  assert.equal((await announce(a, { keyIds: [second] })).response, 'success');
  assert.deepEqual([...stream.keys.keys()], [second]);
});

test('keys of a stream that breaks while they are written are lost, counted, and never supplied again', async (t) => {
  const { a, c } = await setUp(t, []);
  const stream = c.stream(PAIR);
  stream.takes = false;
  const keyIds = [...held(await a.announcing.take(PAIR, 2, 256, true)).keys()];
  await ended(a);
  assert.equal(a.source.stats.lastFailure, 'application_not_connected');
  assert.deepEqual({ ...c.proactive.stats }, { pushed: 0, lost: 2 });
  stream.takes = true;
  assert.equal((await announce(a, { keyIds })).response, 'unknown_key');
  await assert.rejects(c.supply.find(PAIR, keyIds), { code: 'application.key_not_found' });
});

test('an application that has asked for the opposite has nothing announced', async (t) => {
  const { a, c } = await setUp(t);
  c.stream(PAIR);
  held(await a.announcing.take(PAIR, 1, 256, false));
  assert.equal(a.source.stats.sent, 0);
});

const refusals: [string, object, string][] = [
  ['for a slave that is not served there', { slave: 'app-b' }, 'refused_by_policy'],
  ['for a slave that nobody knows', { slave: 'nobody' }, 'refused_by_policy'],
  ['for a master of another node', { master: 'app-b' }, 'refused_by_policy'],
  ['for a master that nobody knows', { master: 'nobody' }, 'refused_by_policy'],
  ['of keys that are not there', { keyIds: ['2c4f4c4e-1b1b-4b1b-8b1b-1b1b1b1b1b1b'] }, 'unknown_key'],
  ['of keys whose IDs are none', { keyIds: ['x'] }, 'unknown_key'],
  ['to a node that serves no applications', { destination: 'B' }, 'no_such_session'],
  ['to a node without a way there', { destination: 'Z' }, 'no_route'],
];
for (const [what, changes, expected] of refusals)
  test(`a notification ${what} is answered ${expected}`, async (t) => {
    const { a, c } = await setUp(t, []);
    const stream = c.stream(PAIR);
    const { response, keyIds } = await announce(a, changes);
    assert.deepEqual([response, keyIds, stream.keys.size], [expected, [], 0]);
  });

test('a key is pushed for the pair that it was taken for alone', async (t) => {
  const { a, c } = await setUp(t, []);
  const other = c.stream({ ...PAIR, slaveSaeId: 'other-c' });
  const taken = held(await a.announcing.take(PAIR, 1, 256));
  const keyIds = [...taken.keys()];
  assert.equal((await announce(a, { slave: 'other-c', keyIds })).response, 'unknown_key');
  assert.equal(other.keys.size, 0);
  assert.deepEqual(held(await c.supply.find(PAIR, keyIds)), taken);
});

test('a transit node says why it does not pass a notification on', async (t) => {
  const { nodes, a } = await setUp(t, []);
  nodes.b.peers.get('C')!.stop();
  await until('B has lost C', () => !nodes.b.peers.get('C')!.up);
  assert.equal((await announce(a)).response, 'peer_unreachable');
  assert.equal(nodes.b.notification.stats.refused, 1);
});

test('an application that is slow to take what is pushed holds up nothing else of its neighbour', async (t) => {
  const { world, nodes, a, c } = await setUp(t, []);
  await world.fillLink(nodes.a, nodes.b, 4);
  await world.fillLink(nodes.b, nodes.c, 4);
  const stream = c.stream(PAIR);
  let take = () => {};
  const slow = new Promise<void>((resolve) => {
    take = resolve;
  });
  stream.before = () => slow;
  const keyIds = [...held(await a.announcing.take(PAIR, 1, 256, false)).keys()];
  const pushes = limits.messagesInFlightMax + 40;
  const answers = Array.from({ length: pushes }, () => announce(a, { keyIds }));
  await until('all have come to C', () => nodes.b.notification.stats.forwarded === pushes);
  assert.equal((await nodes.a.relay.source.relay('C', 1)).keys, 1, 'what comes behind them is worked on');
  take();
  const words = (await Promise.all(answers)).map(({ response }) => response);
  assert.equal(words.filter((word) => word === 'success').length, 1);
  assert.deepEqual([...new Set(words)].sort(), ['success', 'unknown_key']);
});

test('the same session is not passed on twice at a time, and numbers that contradict each other are malformed', async (t) => {
  const { world, nodes, a, c } = await setUp(t, []);
  c.stream(PAIR);
  const answers: string[] = [];
  world.net.crossing = (name, bytes) => {
    if (name === 'B>A') answers.push(readSupplyAnswer(bytes.subarray(10))!.response);
  };
  const announced = {
    source: 'A',
    destination: 'C',
    transit: undefined,
    master: 'app-a',
    slave: 'app-c',
    keyIds: ['x'],
  };
  const send = (sessionId: string, number: number) => {
    const draft = writeSupplyNotice({ sessionId, number, sizeBits: undefined, announced });
    return nodes.a.guard.send(nodes.a.peers.get('B')!, command.keySupply, draft);
  };
  world.net.stalled.add('C>B');
  await send('same', 1);
  await send('same', 1);
  await until('the second is refused', () => answers.length === 1);
  world.net.resume('C>B');
  await until('the first is answered', () => answers.length === 2);
  await send('another', 2);
  await until('the third is answered', () => answers.length === 3);
  assert.deepEqual(answers, ['no_route', 'unknown_key', 'malformed']);
  assert.equal(a.source.stats.sent, 0);
});

test('a notification that was tampered with is not believed, and says so', async (t) => {
  const { world, nodes, a, c } = await setUp(t, []);
  const stream = c.stream(PAIR);
  const keyIds = [...held(await a.announcing.take(PAIR, 1, 256)).keys()];
  world.net.crossing = (name, bytes) => {
    if (name !== 'B>C') return;
    const at = bytes.indexOf('app-a');
    bytes.write('app-b', at);
  };
  assert.equal((await announce(a, { keyIds })).response, 'authentication_failed');
  assert.equal(stream.keys.size, 0);
  world.net.crossing = undefined;
  assert.equal((await announce(a, { keyIds })).response, 'success');
  assert.ok(nodes.c.log.lines.some(({ event }) => event === 'kx.message.not_authentic'));
});

test('a response from another than the one who was asked is passed over', async (t) => {
  const { world, nodes, a, c } = await setUp(t, []);
  c.stream(PAIR);
  let session = '';
  world.net.crossing = (name, bytes) => {
    if (name === 'A>B') session = readSupplyNotice(bytes.subarray(10))!.sessionId;
  };
  world.net.stalled.add('A>B');
  const outcome = announce(a);
  await until('it has left', () => session !== '');
  const forged = { sessionId: session, response: 'success', keyIds: ['x'] };
  assert.equal(a.source.onAnswer(nodes.c.peers.get('B')!, forged), false);
  assert.equal(a.source.onAnswer(nodes.a.peers.get('B')!, { ...forged, sessionId: 'other' }), false);
  world.net.resume('A>B');
  assert.equal((await outcome).response, 'unknown_key');
});

test('many at once are pushed one after the other, and every one is answered', async (t) => {
  const { a, c } = await setUp(t);
  const stream = c.stream(PAIR);
  let [underway, most] = [0, 0];
  stream.before = async () => {
    most = Math.max(most, ++underway);
    await new Promise((resolve) => setTimeout(resolve, 2));
    underway -= 1;
  };
  const taken = await Promise.all(Array.from({ length: 40 }, () => a.announcing.take(PAIR, 1, 256)));
  const expected = new Map(taken.flatMap((keys) => [...held(keys)]));
  await ended(a);
  assert.deepEqual(new Map([...stream.keys].sort()), new Map([...expected].sort()));
  assert.equal(most, limits.supplyPushesUnderwayMax);
});

test('a disk that fails at the destination is told, and the key stays to be supplied', async (t) => {
  const { nodes, a, c } = await setUp(t, []);
  const stream = c.stream(PAIR);
  const taken = held(await a.announcing.take(PAIR, 1, 256));
  const keyIds = [...taken.keys()];
  const announced = { source: 'A', destination: 'C', transit: [], master: 'app-a', slave: 'app-c', keyIds };
  const notice = { sessionId: 's', number: 1, sizeBits: 256, announced };
  failNext(nodes.c.store);
  assert.deepEqual(await c.proactive.supply('B', notice), { response: 'store_unavailable', keyIds: [] });
  assert.equal(stream.keys.size, 0);
  assert.equal((await announce(a, { keyIds })).response, 'success');
  assert.deepEqual(stream.keys, taken);
});

test('keys whose turn comes when the application has opened a newer stream go over that one', async (t) => {
  const { a, c } = await setUp(t);
  const first = c.stream(PAIR);
  let go = () => {};
  const gate = new Promise<void>((resolve) => {
    go = resolve;
  });
  first.before = () => gate;
  first.takes = false;
  const count = limits.supplyPushesUnderwayMax + 3;
  const taken = await Promise.all(Array.from({ length: count }, () => a.announcing.take(PAIR, 1, 256)));
  for (const keys of taken) held(keys);
  await until('all have come to their turn or wait', () => c.supply.stats.opened === count - 3);
  const second = c.stream(PAIR);
  assert.equal(first.open, false);
  go();
  await ended(a);
  assert.deepEqual([c.proactive.stats.lost, c.proactive.stats.pushed], [count - 3, 3]);
  assert.equal(second.keys.size, 3);
});
