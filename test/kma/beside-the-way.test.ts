import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { writeCompletion } from '../../src/kx/codec/completion.ts';
import { command, readHeader } from '../../src/kx/codec/header.ts';
import {
  readSupplyAnswer,
  readSupplyNotice,
  writeSupplyAnswer,
  writeSupplyNotice,
} from '../../src/kx/codec/key-supply.ts';
import { limits } from '../../src/limits.ts';
import { until } from '../manual-clock.ts';
import { completionsOn, sendForged } from './forged-relay.ts';
import { type TestNode, World } from './node.ts';

// What a neighbour with a good certificate can do to what passes between others.

const relay = (from: TestNode, to: string, count: number) => from.relay.source.relay(to, count);
const toB = (node: TestNode) => node.peers.get('B')!;
const isOf = (code: number, frame: Buffer) => readHeader(frame, 0).command === code;
const payload = (frame: Buffer) => frame.subarray(limits.kxHeaderBytes);
const announcement = { master: 'app-a', slave: 'app-c', keyIds: ['x'] };
const announce = (from: TestNode, destination: string) =>
  from.notification.source.announce({ ...announcement, destination, sizeBits: 256 });

/** B in the middle of A, C and D. */
async function star(t: TestContext) {
  const world = new World(t);
  const ends = ['A', 'C', 'D'];
  const end = (id: string) => {
    const routes = ends.filter((other) => other !== id).map((destination) => ({ destination, via: ['B'] }));
    return world.node(id, { neighbours: ['B'], linked: ['B'], routes });
  };
  const [a, c, d] = [end('A'), end('C'), end('D')];
  const b = world.node('B', { neighbours: ends, linked: ends });
  for (const node of [a, b, c, d]) node.start();
  for (const node of [a, b, c, d]) await node.up();
  for (const node of [a, c, d]) await world.fillLink(node, b, 2, 64);
  return { world, a, b, c, d };
}

/** A relay from A to C that C has answered; the answer has not come to B. */
async function unanswered(t: TestContext) {
  const nodes = await star(t);
  const { world, a, b, c } = nodes;
  world.net.stalled.add('C>B');
  const done = relay(a, 'C', 2);
  await until('C has it', () => c.relay.destination.stats.blocks === 1);
  const [requestId] = b.relay.transit.awaited(b.peers.get('C')!);
  return { ...nodes, done, requestId: requestId! };
}

test('a completion from a neighbour that a relay did not go to is passed over, and the true one finds its way back', async (t) => {
  const { world, a, b, d, done, requestId } = await unanswered(t);
  await d.guard.send(toB(d), command.keyRelayCompletion, writeCompletion('unsupported_key', requestId));
  // What D says is heard in order.
  await relay(d, 'A', 1);
  assert.equal(a.relay.source.inFlight, 1);
  world.net.resume('C>B');
  await done;
  assert.equal(a.store.pool('C').ownLeft, 2);
  assert.equal(b.relay.transit.stats.completed, 2);
});

test('a neighbour cannot take over the request of another: it has no route for it, and the completion goes to whoever asked', async (t) => {
  const { world, a, c, d, done, requestId } = await unanswered(t);
  const answers = completionsOn(world, 'B>D');
  await sendForged(d, { requestId, number: 1, floor: 1 });
  await until('D is answered', () => answers.length === 1);
  assert.deepEqual(answers, ['no_route']);
  world.net.resume('C>B');
  await done;
  assert.equal(a.store.pool('C').ownLeft, 2);
  assert.equal(answers.length, 1);
  assert.equal(c.store.pool('D').heldUnits, 0);
});

test('a response to a notification from a neighbour that it did not go to is passed over, and the true one finds its way back', async (t) => {
  const { world, a, d } = await star(t);
  let sessionId = '';
  world.net.crossing = (name, bytes) => {
    if (name === 'B>C' && isOf(command.keySupply, bytes))
      sessionId = readSupplyNotice(payload(bytes))!.sessionId;
  };
  world.net.stalled.add('C>B');
  const outcome = announce(a, 'C');
  await until('it is on its way to C', () => sessionId !== '');
  const forged = { sessionId, response: 'success', keyIds: ['x'] } as const;
  await d.guard.send(toB(d), command.keySupplyResponse, writeSupplyAnswer(forged));
  // What D says is heard in order.
  await announce(d, 'B');
  world.net.resume('C>B');
  assert.deepEqual(await outcome, { response: 'no_such_session', keyIds: [] });
});

test('a neighbour cannot announce keys in the name of a KMA that is elsewhere', async (t) => {
  const { world, b, d } = await star(t);
  const seen: string[] = [];
  world.net.crossing = (name, bytes) => {
    if (isOf(command.keySupply, bytes)) seen.push(name);
    if (isOf(command.keySupplyResponse, bytes))
      seen.push(`${name} ${readSupplyAnswer(payload(bytes))?.response}`);
  };
  for (const [source, destination] of [
    ['C', 'A'],
    ['A', 'B'],
    ['B', 'C'],
  ] as const) {
    const announced = { ...announcement, source, destination, transit: ['B'] };
    const notice = { sessionId: `in the name of ${source}`, number: 1, sizeBits: 256, announced };
    seen.length = 0;
    await d.guard.send(toB(d), command.keySupply, writeSupplyNotice(notice));
    await until('it is answered', () => seen.length >= 2);
    assert.deepEqual(seen, ['D>B', 'B>D refused_by_policy'], notice.sessionId);
  }
  assert.equal(b.notification.stats.forwarded, 0);
});

/** A relays to C over B, and is next to C and D as well; C has key of its own to answer A with. */
async function besideC(t: TestContext) {
  const world = new World(t);
  const viaB = (destination: string) => [{ destination, via: ['B'] }];
  const a = world.node('A', { neighbours: ['B', 'C', 'D'], linked: ['B', 'D'], routes: viaB('C') });
  const b = world.node('B', { neighbours: ['A', 'C'], linked: ['A', 'C'] });
  const c = world.node('C', { neighbours: ['A', 'B'], linked: ['B'], routes: viaB('A') });
  const d = world.node('D', { neighbours: ['A'], linked: ['A'] });
  for (const node of [a, b, c, d]) node.start();
  for (const node of [a, b, c, d]) await node.up();
  for (const [one, other] of [
    [a, b],
    [b, c],
    [a, d],
  ] as const)
    await world.fillLink(one, other, 2, 64);
  await relay(c, 'A', 8);
  return { world, a, b, c, d };
}

test('a completion that comes straight from the destination ends a relay, and one from another neighbour does not', async (t) => {
  const { world, a, b, d } = await besideC(t);
  const seen: string[] = [];
  world.net.crossing = (name, bytes) => {
    if (isOf(command.keyRelayCompletion, bytes)) seen.push(name);
  };
  world.net.stalled.add('C>A');
  const done = relay(a, 'C', 2);
  await until('C has answered', () => seen.includes('C>A'));
  const [requestId] = a.relay.source.awaited(toB(a));
  await d.guard.send(
    d.peers.get('A')!,
    command.keyRelayCompletion,
    writeCompletion('unsupported_key', requestId),
  );
  // What D says is heard in order.
  await world.fillLink(a, d, 2, 64);
  assert.equal(a.relay.source.inFlight, 1);
  world.net.resume('C>A');
  await until('the relay has ended', () => a.relay.source.inFlight === 0);
  await done;
  assert.ok(!seen.includes('C>B'), 'it came no other way');
  assert.equal(a.store.pool('C').ownLeft, 2);
  assert.equal(b.relay.transit.stats.completed, 1);
});
