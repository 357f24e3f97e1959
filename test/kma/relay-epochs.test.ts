import assert from 'node:assert/strict';
import { test } from 'node:test';
import { command, readHeader } from '../../src/kx/codec/header.ts';
import { limits } from '../../src/limits.ts';
import { until } from '../manual-clock.ts';
import { addBlock, closeStore } from '../store/temp-store.ts';
import { row, type TestNode, type World } from './node.ts';

const relay = (from: TestNode, to: string, count: number) => from.relay.source.relay(to, count);
const throughB = (destination: string) => ({
  neighbours: ['B'],
  linked: ['B'],
  routes: [{ destination, via: ['B'] }],
});

/** Puts a node with an empty store in the place of one at an end of the row, and fills its link. */
async function renew(world: World, old: TestNode, b: TestNode, destination: string): Promise<TestNode> {
  await old.stop();
  await until('it is gone', () => !b.peers.get(old.id)!.up);
  const anew = world.node(old.id, throughB(destination));
  anew.start();
  await anew.up();
  await b.up();
  await until('its link is given up', () => b.store.pool(old.id).heldUnits === 0);
  await world.fillLink(anew, b, 4);
  return anew;
}

test('where the destination has lost its store the direction begins anew, within the request; the other keeps its key', async (t) => {
  const { world, a, b, c } = await row(t);
  await relay(a, 'C', 5);
  await relay(c, 'A', 7);
  const anew = await renew(world, c, b, 'A');
  assert.equal(a.store.pool('C').ownLeft, 5);
  await relay(a, 'C', 2);
  assert.equal(a.store.pool('C').ownLeft, 2);
  assert.deepEqual(
    [...a.store.pool('C').theirs.values()].map(({ left }) => left),
    [7],
  );
  assert.equal(a.store.pool('C').idSecrets.theirs.size, 1);
  assert.equal(a.relay.source.stats.failed, 0);
  assert.deepEqual(
    [...anew.store.pool('A').idSecrets.theirs.keys()],
    [...a.store.pool('C').idSecrets.own.keys()],
  );
});

test('a source that lost its store can relay again at once, whatever numbers it gave before', async (t) => {
  const { world, a, b, c } = await row(t);
  // As if the lost store had begun as high as a store may.
  const high = 3 * 2 ** 32 - 1;
  await addBlock(c.store, high, 4, { remote: 'A', own: false, epoch: high });
  const anew = await renew(world, a, b, 'C');
  await relay(anew, 'C', 2);
  assert.equal(anew.store.pool('C').ownLeft, 2);
  assert.deepEqual([anew.relay.source.stats.failed, c.relay.destination.stats.refused > 0], [0, true]);
});

test('a destination that always says that it knows later numbers does not use up all that there are', async (t) => {
  const { world, a, c } = await row(t);
  const refused = () => Promise.resolve('conflict' as const);
  c.relay.destination.take = refused;
  for (let requests = 0; requests < 6; requests++)
    await assert.rejects(relay(a, 'C', 1), { code: 'relay.conflict' });
  assert.ok((await a.store.numbers.take('C')) <= limits.blockNumberMax / 2);
  await world.clock.leap(1_000);
});

test('of several requests that learn of the loss one brings a new ID secret, and all of them succeed', async (t) => {
  const { world, a, b, c } = await row(t);
  await relay(a, 'C', 5);
  await renew(world, c, b, 'A');
  await Promise.all([1, 2, 3, 4, 5, 6].map((count) => relay(a, 'C', count)));
  assert.equal(a.store.pool('C').idSecrets.own.size, 1);
  assert.equal(a.store.pool('C').ownLeft, 21);
  assert.equal(a.relay.source.stats.failed, 0);
});

test('whoever misses the epoch that a request brings is not sent it again and again', async (t) => {
  const { a, c } = await row(t);
  let messages = 0;
  c.relay.destination.take = async () => {
    messages += 1;
    return 'unknown_epoch';
  };
  await assert.rejects(relay(a, 'C', 1), { code: 'relay.unknown_epoch' });
  assert.equal(messages, 1);
});

test('a success that comes after its epoch was given up makes no key that could not be found', async (t) => {
  const { a, c } = await row(t, 40);
  await relay(a, 'C', 1);
  const pool = a.store.pool('C');
  const [epoch] = pool.idSecrets.own.keys();
  const { take } = c.relay.destination;
  let said = 0;
  c.relay.destination.take = async (from, payload, message, covered) => {
    if (message.block?.epoch !== epoch)
      return take.call(c.relay.destination, from, payload, message, covered);
    said += 1;
    if (said === 1) return 'unknown_epoch';
    await until('the epoch is given up', () => !pool.idSecrets.own.has(epoch!));
    return 'success';
  };
  // Each fills a message, and goes at once.
  const full = limits.relayKeysMax - 1;
  await Promise.all([relay(a, 'C', full), relay(a, 'C', full)]);
  assert.equal(said, 2);
  assert.equal(pool.ownLeft, 2 * full);
  for (const block of pool.own.values()) assert.ok(pool.idSecrets.own.has(block.epoch));
});

test('key that the source has not kept is none: the relay goes again, and what it keeps alone is on record', async (t) => {
  const { a, c } = await row(t);
  await relay(a, 'C', 1);
  const { insert } = a.store;
  a.store.insert = async () => {
    a.store.insert = insert;
    return 'known';
  };
  await relay(a, 'C', 2);
  const pool = a.store.pool('C');
  assert.equal(pool.ownLeft, 3);
  assert.equal(c.relay.destination.stats.blocks, 3);
  const sent = a.audited.filter(({ what }) => what === 'relay.sent').flatMap(({ units = [] }) => units);
  assert.deepEqual(
    sent.map(([number]) => number),
    [...pool.own.keys()],
  );
});

test('of several first relays one brings the ID secret, and all of them succeed', async (t) => {
  const { a, c } = await row(t);
  await Promise.all([1, 2, 3, 4, 5, 6].map((count) => relay(a, 'C', count)));
  assert.equal(a.store.pool('C').idSecrets.own.size, 1);
  assert.equal(c.store.pool('A').idSecrets.theirs.size, 1);
  assert.equal(a.store.pool('C').ownLeft, 21);
});

test('when the first relay fails, those that wait for it try themselves', async (t) => {
  const { world, a, b, c } = await row(t, 0);
  await world.fillLink(b, c, 4);
  // Enough pad for the ones that ask for little alone.
  world.deliver(
    [
      [a, 'B'],
      [b, 'A'],
    ],
    0,
    20,
  );
  await until('there is some pad', () => a.store.pool('B').ownLeft > 0);
  const first = assert.rejects(relay(a, 'C', 300), { code: 'relay.no_pad' });
  const others = [relay(a, 'C', 1), relay(a, 'C', 2)];
  world.deliver(
    [
      [a, 'B'],
      [b, 'A'],
    ],
    1,
    64,
  );
  await world.clock.leap(limits.relayTimeoutMs + 1000);
  await first;
  await Promise.all([...others, world.clock.leap(limits.relayRetryMs)]);
  assert.equal(a.store.pool('C').ownLeft, 3);
  assert.equal(a.store.pool('C').idSecrets.own.size, 1);
});

test('a relay that the stop of the agent cuts off fails as stopped', async (t) => {
  const { world, a } = await row(t);
  world.net.dropped = (name, bytes) => name === 'A>B' && readHeader(bytes, 0).command === command.keyRelay;
  const cutOff = assert.rejects(relay(a, 'C', 1), { code: 'relay.stopped' });
  await until('it is under way', () => a.relay.source.inFlight === 1);
  a.relay.source.stop();
  await cutOff;
});

test('key that was relayed is there after a restart of both ends, in the same epochs', async (t) => {
  const { world, a, b, c } = await row(t);
  await relay(a, 'C', 5);
  await a.stop();
  await closeStore(a.store);
  await until('it is gone', () => !b.peers.get('A')!.up);
  const again = world.node('A', throughB('C'), a.directory);
  assert.equal(again.store.pool('C').ownLeft, 5);
  again.start();
  await Promise.all([again.up(), world.clock.leap(limits.dialBackOffMsMax)]);
  await b.up();
  await relay(again, 'C', 3);
  assert.equal(again.store.pool('C').ownLeft, 8);
  assert.equal(c.store.pool('A').idSecrets.theirs.size, 1);
});
