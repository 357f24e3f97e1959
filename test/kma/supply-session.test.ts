import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { command, readHeader } from '../../src/kx/codec/header.ts';
import type { PlainPeer } from '../../src/kx/peer/peer.ts';
import { limits } from '../../src/limits.ts';
import { frame } from '../kx/naive.ts';
import { until } from '../manual-clock.ts';
import { addBlock } from '../store/temp-store.ts';
import { Applications, held } from './applications.ts';
import { type TestNode, World } from './node.ts';

const PAIR = { masterSaeId: 'app-a', slaveSaeId: 'app-b' };
const homes = { 'app-a': 'A', 'app-b': 'B', 'other-b': 'B' };
const sessions = [{ sessionId: 'a-to-b', pair: PAIR, number: 1, sizeBits: 256 }];

/** A and B, neighbours that share key and a session, and speak keyferry's protocol or the Recommendation's alone. */
async function setUp(t: TestContext, plain?: PlainPeer) {
  const world = new World(t);
  const settings = (other: string) => ({
    neighbours: [other],
    linked: plain === undefined ? [other] : [],
    ...(plain === undefined ? {} : { plain: { [other]: plain } }),
  });
  const nodes = { a: world.node('A', settings('B')), b: world.node('B', settings('A')) };
  for (const node of Object.values(nodes)) node.start();
  for (const node of Object.values(nodes)) await node.up();
  if (plain === undefined) await world.fillLink(nodes.a, nodes.b, 4);
  else await share(nodes.a, nodes.b);
  const a = new Applications(nodes.a, { homes, sessions, plain: plain === undefined ? [] : ['B'] });
  const b = new Applications(nodes.b, { homes, sessions, plain: plain === undefined ? [] : ['A'] });
  return { world, nodes, a, b };
}

// Plain peers have no link whose modules would fill their pool.
async function share(a: TestNode, b: TestNode): Promise<void> {
  for (const [own, number] of [
    [true, 1],
    [false, 2],
  ] as const) {
    await addBlock(a.store, number, 64, { remote: 'B', own, epoch: number });
    await addBlock(b.store, number, 64, { remote: 'A', own: !own, epoch: number });
  }
}

const spellings: [string, PlainPeer | undefined][] = [
  ['between keyferry peers', undefined],
  ['between plain peers', { unprotectedKey: false, memberNames: 'source_KMA_ID' }],
  [
    'between plain peers that write as the Recommendation',
    { unprotectedKey: false, memberNames: 'Source KMA ID' },
  ],
];
for (const [name, plain] of spellings)
  test(`in a session ${name}, the destination chooses the keys, and both applications get the same`, async (t) => {
    const { world, a, b } = await setUp(t, plain);
    const seen: string[] = [];
    world.net.crossing = (who, bytes) => seen.push(`${who} ${bytes.toString('latin1', 10)}`);
    const stream = b.stream(PAIR);
    const [one, two] = await Promise.all([a.announcing.take(PAIR, 1, 256), a.announcing.take(PAIR, 3, 512)]);
    assert.deepEqual([one.length, two.length, two[0]!.bytes.length], [1, 3, 64]);
    assert.deepEqual(stream.keys, new Map([...held(one), ...held(two)]));
    assert.deepEqual([b.proactive.stats.pushed, b.supply.stats.taken, a.supply.stats.opened], [4, 4, 4]);
    assert.equal(a.supply.stats.taken, 0, 'the source has taken none of its own');
    assert.equal(seen.length, 4);
    const text =
      plain?.memberNames === 'Source KMA ID'
        ? '{"Session ID":"a-to-b","Number of keys":1'
        : '{"session_ID":"a-to-b","number_of_keys":1';
    assert.ok(seen[0]!.startsWith(`A>B ${text}`), seen[0]);
    if (plain !== undefined) for (const message of seen) assert.ok(!message.includes('keyferry'), message);
  });

test('a session that comes to nothing costs the master no key: it gets one that the slave fetches', async (t) => {
  const { a, b } = await setUp(t);
  const taken = held(await a.announcing.take(PAIR, 2, 256));
  assert.equal(a.source.stats.lastFailure, 'application_not_connected');
  assert.deepEqual([a.supply.stats.taken, b.supply.stats.taken], [2, 0]);
  assert.deepEqual(held(await b.supply.find(PAIR, [...taken.keys()])), taken);
});

test('the master waits for a silent far node for a bounded time', async (t) => {
  const { world, a, b } = await setUp(t);
  b.stream(PAIR);
  world.net.stalled.add('A>B');
  const taken = a.announcing.take(PAIR, 1, 256);
  await until('it has asked', () => a.source.inFlight === 1);
  await world.clock.leap(limits.supplySessionMs);
  assert.equal(held(await taken).size, 1);
  assert.equal(a.source.stats.lastFailure, 'timeout');
});

test('an application that does not want its key pushed has it not, session or none', async (t) => {
  const { a, b } = await setUp(t);
  b.stream(PAIR);
  held(await a.announcing.take(PAIR, 1, 256, false));
  assert.deepEqual([a.source.stats.sent, a.supply.stats.taken], [0, 1]);
});

/** A plain peer of A that is nothing but a hand on the wire. */
async function stranger(t: TestContext) {
  const world = new World(t);
  const plain: PlainPeer = { unprotectedKey: false, memberNames: 'source_KMA_ID' };
  const node = world.node('B', { neighbours: ['A'], linked: [], plain: { A: plain } });
  const b = new Applications(node, { homes, sessions, plain: ['A'] });
  const answers: unknown[] = [];
  const line = await new Promise<{ write(bytes: Buffer): void }>((resolve, reject) => {
    const dial = () =>
      world.net.transport('A').dial(
        'B',
        1,
        undefined,
        (_, link) => {
          resolve({ write: (bytes) => link.write(bytes) });
          return {
            onData: (chunk) => {
              assert.equal(readHeader(chunk, 0).command, command.keySupplyResponse);
              answers.push(JSON.parse(chunk.toString('utf8', 10)));
            },
            onClosed: () => {},
          };
        },
        (reason) => reject(new Error(reason)),
      );
    dial();
  });
  const ask = async (id: number, members: unknown) => {
    line.write(frame(id, command.keySupply, JSON.stringify(members)));
    await until('it is answered', () => answers.length === id);
    return answers.at(-1) as { session_ID: string; key_ID: string | string[]; response: string };
  };
  return { node, b, ask };
}

test('a plain peer is answered by the parameters of Table 4 and nothing else', async (t) => {
  const { node, b, ask } = await stranger(t);
  await addBlock(node.store, 1, 64, { remote: 'A', own: true, epoch: 1 });
  const refused = { session_ID: 'a-to-b', key_ID: '', response: 'application_not_connected' };
  assert.deepEqual(await ask(1, { session_ID: 'a-to-b' }), refused);
  const stream = b.stream(PAIR);
  const one = await ask(2, { 'Session ID': 'a-to-b' });
  assert.deepEqual({ ...one, key_ID: '' }, { session_ID: 'a-to-b', key_ID: '', response: 'success' });
  assert.deepEqual([one.key_ID], [...stream.keys.keys()], 'defaults are applied: one key of 256 bits');
  assert.equal([...stream.keys.values()][0]!.length, 64);
  const two = await ask(3, {
    sessionId: 'a-to-b',
    numberOfKeys: 2,
    sizeOfKey: 128,
    extension: [{ vendor: 1 }],
  });
  assert.deepEqual(two.key_ID, [...stream.keys.keys()].slice(1));
  assert.equal([...stream.keys.values()][1]!.length, 32);
  const cases = [
    ['another', {}, 'no_such_session'],
    ['a-to-b', { number_of_keys: 0 }, 'out_of_limits'],
    ['a-to-b', { number_of_keys: 101 }, 'out_of_limits'],
    ['a-to-b', { size_of_key: 100 }, 'out_of_limits'],
    ['a-to-b', { size_of_key: 8192 }, 'out_of_limits'],
    ['a-to-b', { number_of_keys: 100 }, 'not_enough_key'],
  ] as const;
  for (const [i, [session_ID, changes, response]] of cases.entries())
    assert.deepEqual(await ask(4 + i, { session_ID, ...changes }), { session_ID, key_ID: '', response });
  assert.equal(stream.keys.size, 3);
  assert.equal(b.supply.stats.taken, 3);
});

test('a session is good from the node of its source application alone', async (t) => {
  const { b } = await setUp(t);
  b.stream(PAIR);
  const asked = { sessionId: 'a-to-b', number: 1, sizeBits: 256, announced: undefined };
  assert.equal((await b.proactive.supply('X', asked)).response, 'no_such_session');
  assert.equal((await b.proactive.supply('A', asked)).response, 'success');
});
