import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { limits } from '../../src/limits.ts';
import type { RelayMessage } from '../plain/naive-km.ts';
import { type TestNode, World } from './node.ts';
import { answered, behindTransit, besidePlain, naive, open } from './plain-lines.ts';

const relay = (from: TestNode, to: string, count: number) => from.relay.source.relay(to, count);
const inNameOf = (sourceKmaId: string, destinationKmaId: string, more = {}): RelayMessage => ({
  sourceKmaId,
  destinationKmaId,
  keys: [{ keyId: '0d5e4c1a-9b77-4e02-8f3d-aa0000000001', key: randomBytes(32).toString('base64') }],
  keyRelayRequestId: `in the name of ${sourceKmaId}`,
  extension: [{ keyferry_block: { number: 5, epoch: 5, floor: 5 } }],
  ...more,
});

/** A shares key with C over B; P is a plain neighbour of A and on no way to C. */
async function besideTheWay(t: Parameters<Parameters<typeof test>[0] & object>[0]) {
  const world = new World(t);
  const p = naive(world, 'P');
  const a = world.node('A', {
    neighbours: ['B', 'P'],
    linked: ['B'],
    plain: { P: open },
    routes: [{ destination: 'C', via: ['B'] }],
  });
  const b = world.node('B', { neighbours: ['A', 'C'], linked: ['A', 'C'] });
  const c = world.node('C', { neighbours: ['B'], linked: ['B'], routes: [{ destination: 'A', via: ['B'] }] });
  for (const node of [a, b, c]) node.start();
  for (const node of [a, b, c]) await node.up();
  await world.fillLink(a, b, 4);
  await world.fillLink(b, c, 4);
  return { p, a, b, c };
}

test('a neighbour cannot relay key in the name of a KMA behind another one, and the true one still can', async (t) => {
  const { p, a, c } = await besideTheWay(t);
  for (const source of ['C', 'B', 'A']) {
    p.relay('A', inNameOf(source, 'A'));
    const before = p.completions.length;
    const { response } = await answered(p, before + 1);
    assert.equal(response, 'refused_by_policy', `in the name of ${source}`);
  }
  assert.equal(a.store.pool('C').heldUnits, 0);
  await relay(c, 'A', 3);
  assert.equal(c.store.pool('A').ownLeft, 3);
});

test('nothing is taken in of a source that the configuration does not call plain', async (t) => {
  const { a, p } = await besidePlain(t, open);
  p.relay('A', inNameOf('X', 'A'));
  assert.equal((await answered(p)).response, 'refused_by_policy');
  assert.equal(a.store.foreign.count('X'), 0);
});

test('what is refused is answered to whoever said it, not to the KMA in whose name it came', async (t) => {
  const { p, a, b } = await besideTheWay(t);
  const left = () => a.store.pool('B').ownLeft + b.store.pool('A').ownLeft;
  const before = left();
  for (let i = 0; i < 20; i++) p.relay('A', inNameOf('B', 'A', { keyRelayRequestId: `r ${i}` }));
  await answered(p, 20);
  assert.equal(left(), before, 'no pad of another link is spent on it');
});

test('a transit node passes nothing on in the name of a KMA that is elsewhere', async (t) => {
  const { p, b, c } = await behindTransit(t);
  p.relay('B', inNameOf('C', 'C'));
  assert.equal((await answered(p, 1)).response, 'refused_by_policy');
  p.relay('B', inNameOf('X', 'C'));
  assert.equal((await answered(p, 2)).response, 'refused_by_policy');
  assert.equal(b.relay.transit.stats.forwarded, 0);
  assert.equal(c.store.pool('P').heldUnits, 0);
});

test('a plain neighbour cannot use up the pad of the link that its relays go on over', async (t) => {
  const { p, b } = await behindTransit(t);
  const pool = b.store.pool('C');
  const key = randomBytes(limits.relayKeyBytesMax).toString('base64');
  const responses = new Set<string>();
  for (let i = 0; i < 4; i++) {
    p.relay('B', {
      sourceKmaId: 'P',
      destinationKmaId: 'C',
      keys: [{ keyId: `k${i}`, key }],
      keyRelayRequestId: `r${i}`,
    });
    responses.add((await answered(p, i + 1)).response);
  }
  assert.ok(responses.has('no_pad'), [...responses].join());
  assert.ok(pool.ownLeft >= limits.padReserveUnits, `${pool.ownLeft} are left`);
});
