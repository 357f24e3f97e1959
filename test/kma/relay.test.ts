import assert from 'node:assert/strict';
import { test } from 'node:test';
import { command, readHeader } from '../../src/kx/codec/header.ts';
import { limits } from '../../src/limits.ts';
import { until } from '../manual-clock.ts';
import { failNext } from '../store/temp-store.ts';
import { row, type TestNode, World } from './node.ts';

const relay = (from: TestNode, to: string, count: number) => from.relay.source.relay(to, count);
const completionFrom = (who: string) => (name: string, bytes: Buffer) =>
  name === who && readHeader(bytes, 0).command === command.keyRelayCompletion;

/** All bytes of the pool's ready blocks of one direction, by number. */
function keysOf(node: TestNode, remote: string, own: boolean): Map<number, Buffer> {
  const blocks = [...node.store.pool(remote).side(own).values()];
  return new Map(blocks.map((block) => [block.number, Buffer.from(node.store.open.view(block))]));
}

/** `source` and `destination` share what was relayed, bit for bit, and the destination has nothing that the source lacks. */
function assertShared(source: TestNode, destination: TestNode): void {
  const mine = keysOf(source, destination.id, true);
  assert.ok(mine.size > 0);
  assert.deepEqual(mine, keysOf(destination, source.id, false));
  const secrets = source.store.pool(destination.id).idSecrets.own;
  for (const block of source.store.pool(destination.id).own.values())
    assert.ok(
      destination.store
        .pool(source.id)
        .idSecrets.theirs.get(block.epoch)
        ?.view()
        .equals(secrets.get(block.epoch)!.view()),
    );
}

test('relayed key is shared by source and destination, and the transit node has none of it', async (t) => {
  const { a, b, c } = await row(t);
  for (const count of [1, 2, 40]) assert.equal((await relay(a, 'C', count)).keys, count);
  await relay(c, 'A', 3);
  assertShared(a, c);
  assertShared(c, a);
  assert.equal(a.store.pool('C').ownLeft, 43);
  assert.deepEqual([...b.store.pools()].map(({ remote }) => remote).sort(), ['A', 'C']);
  assert.deepEqual({ ...b.relay.transit.stats }, { forwarded: 4, refused: 0, completed: 4 });
  assert.equal(b.relay.transit.inFlight, 0);
});

test('more keys than a message holds are several messages, and one completion answers them', async (t) => {
  const { world, a, b, c } = await row(t, 8, 1024);
  const seen: string[] = [];
  world.net.crossing = (name, bytes) => seen.push(`${name} ${readHeader(bytes, 0).command.toString(16)}`);
  const { keys, requestId } = await relay(a, 'C', 1_000);
  assert.equal(keys, 1_000);
  assertShared(a, c);
  assert.equal(a.store.pool('C').ownLeft, 1_000);
  const count = (what: string) => seen.filter((line) => line === what).length;
  assert.deepEqual(['A>B 1101', 'B>C 1101', 'C>B 1102', 'B>A 1102'].map(count), [3, 3, 1, 1]);
  assert.match(requestId, /^[0-9a-f-]{36}$/);
  assert.equal(b.relay.transit.inFlight, 0);
});

test('a request of several messages of which one is lost is asked for again, and each is stored once', async (t) => {
  const { world, a, c } = await row(t, 8, 1024);
  let relays = 0;
  world.net.dropped = (name, bytes) =>
    name === 'B>C' && readHeader(bytes, 0).command === command.keyRelay && ++relays === 2;
  const done = relay(a, 'C', 1_000);
  await until('the others are stored', () => c.relay.destination.stats.blocks === 2);
  assert.equal(a.store.pool('C').ownLeft, 0);
  await Promise.all([done, world.clock.leap(limits.relayRetryMs + 100)]);
  assertShared(a, c);
  assert.equal(c.relay.destination.stats.blocks, 3);
});

test('no pad is used twice, on any hop, in either direction', async (t) => {
  const { a, b, c } = await row(t);
  await Promise.all(
    [...Array(12).keys()].map((i) => (i % 3 === 2 ? relay(c, 'A', 2) : relay(a, 'C', 1 + i))),
  );
  const used = new Set<string>();
  for (const node of [a, b, c])
    for (const { fields } of node.log.of('kx.pad.used')) {
      const { peer, number, index, units } = fields as Record<string, number>;
      for (let unit = index!; unit < index! + units!; unit++) {
        const name = `${[node.id, peer].sort()} ${number}:${unit}`;
        assert.ok(!used.has(name), `${name} is used twice`);
        used.add(name);
      }
    }
  assert.ok(used.size > 12 * 4);
});

test('key never crosses a line in the clear: not in bytes, nor in hexadecimal, nor in base64', async (t) => {
  const { world, a, b, c } = await row(t);
  const crossed: Buffer[] = [];
  world.net.crossing = (_, bytes) => crossed.push(bytes);
  await relay(a, 'C', 20);
  await relay(c, 'A', 5);
  await relay(a, 'C', 3);
  const traffic = Buffer.concat(crossed).toString('latin1');
  const seen = new Set<string>();
  for (const length of [8, 12, 16])
    for (let at = 0; at + length <= traffic.length; at++) seen.add(traffic.slice(at, at + length));
  assert.ok(seen.has('key_ID":') && seen.size > 5000);
  const nodes = [a, b, c].flatMap(({ store }) => [...store.pools()].map((pool) => ({ store, pool })));
  const blocks = nodes.flatMap(({ store, pool }) =>
    [...pool.own.values()].map((block) => store.open.view(block)),
  );
  const secrets = nodes.flatMap(({ pool }) =>
    [...pool.idSecrets.own.values()].map((secret) => secret.view()),
  );
  let looked = 0;
  for (const unit of [...blocks.flatMap(unitsOf), ...secrets])
    for (let at = 0; at + 9 <= unit.length; at++) {
      looked += 1;
      const window = unit.subarray(at, at + 8);
      assert.ok(
        !seen.has(window.toString('latin1')) && !seen.has(window.toString('hex')),
        'key was seen on a line',
      );
      if (at % 3 === 0) assert.ok(!seen.has(unit.toString('base64', at, at + 9)), 'key was seen on a line');
    }
  assert.ok(looked > 28 * 32 * 20);
});

function unitsOf(block: Buffer): Buffer[] {
  const units: Buffer[] = [];
  for (let at = 0; at < block.length; at += limits.unitBytes)
    units.push(Buffer.from(block.subarray(at, at + limits.unitBytes)));
  return units;
}

test('without pad a relay waits, goes on when there is some, and fails when none comes', async (t) => {
  const { world, a, b, c } = await row(t, 0);
  await world.fillLink(b, c, 4);
  const first = relay(a, 'C', 5);
  await new Promise((resolve) => setTimeout(resolve, 50));
  await world.fillLink(a, b, 2);
  await world.clock.leap(limits.relayRetryMs);
  await first;
  assertShared(a, c);
  const second = assert.rejects(relay(a, 'C', limits.relayKeysMax - 1), {
    code: 'relay.no_pad',
    fault: 'module',
  });
  await Promise.all([second, world.clock.leap(2 * limits.relayTimeoutMs)]);
  assertShared(a, c);
});

test('when the second hop has no pad, the source is told', async (t) => {
  const { world, a, b } = await row(t, 0);
  await world.fillLink(a, b, 4);
  await assert.rejects(relay(a, 'C', 5), { code: 'relay.no_pad' });
  assert.equal(a.store.pool('C').ownLeft, 0);
});

test('without a route, or where a QKD link is, nothing is relayed', async (t) => {
  const { a } = await row(t);
  await assert.rejects(relay(a, 'D', 1), { code: 'relay.no_route' });
  await assert.rejects(relay(a, 'A', 1), { code: 'relay.no_route' });
  await assert.rejects(relay(a, 'B', 1), { code: 'relay.linked' });
  for (const count of [0, -1, limits.relayRequestKeysMax + 1])
    await assert.rejects(relay(a, 'C', count), { code: 'relay.malformed' });
});

test('when the neighbour of the transit node is down, the source is told', async (t) => {
  const { a, b, c } = await row(t);
  await c.stop();
  await until('it is gone', () => !b.peers.get('C')!.up);
  await assert.rejects(relay(a, 'C', 1), { code: 'relay.peer_unreachable' });
});

for (const [what, neighbours] of [
  ['that it does not know', ['B']],
  ['with which it has a QKD link', ['B', 'A']],
] as const)
  test(`a destination takes nothing from a source ${what}`, async (t) => {
    const world = new World(t);
    const route = { destination: 'D', via: ['B'] };
    const a = world.node('A', { neighbours: ['B'], linked: ['B'], routes: [route] });
    const b = world.node('B', { neighbours: ['A', 'D'], linked: ['A', 'D'] });
    const d = world.node('D', { neighbours, linked: neighbours });
    for (const node of [a, b, d]) node.start();
    await b.up();
    await world.fillLink(a, b, 4);
    await world.fillLink(b, d, 4);
    await assert.rejects(relay(a, 'D', 1), { code: 'relay.refused_by_policy', fault: 'configuration' });
    assert.equal(d.store.pool('A').heldUnits, 0);
    assert.equal(a.store.pool('D').ownLeft, 0);
  });

test('a completion that is lost on the last hop or the first is asked for again, and the block is stored once', async (t) => {
  const { world, a, c } = await row(t);
  for (const hop of ['C>B', 'B>A']) {
    let lost = 0;
    world.net.dropped = (name, bytes) => completionFrom(hop)(name, bytes) && ++lost === 1;
    const done = relay(a, 'C', 4);
    await until('the completion is lost', () => lost === 1);
    await Promise.all([done, world.clock.leap(limits.relayRetryMs + 100)]);
    assert.equal(lost, 2);
  }
  assertShared(a, c);
  assert.equal(c.relay.destination.stats.blocks, 2);
});

test('a relay that is asked for again after a restart of the destination is answered alike', async (t) => {
  const { world, a, b, c } = await row(t);
  world.net.dropped = (name, bytes) => completionFrom('C>B')(name, bytes);
  const done = relay(a, 'C', 4);
  await until('it is stored', () => c.relay.destination.stats.blocks === 1);
  await c.stop();
  world.net.dropped = undefined;
  const settings = { neighbours: ['B'], linked: ['B'], routes: [{ destination: 'A', via: ['B'] }] };
  const again = world.node('C', settings, c.directory);
  await until('it is gone', () => !b.peers.get('C')!.up);
  again.start();
  await Promise.all([again.up(), world.clock.leap(limits.dialBackOffMsMax)]);
  await b.up();
  await Promise.all([done, world.clock.leap(limits.relayRetryMs * 2)]);
  assertShared(a, again);
});

test('other key under a number that is taken is a conflict, and what was there stays', async (t) => {
  const { a, c } = await row(t);
  await relay(a, 'C', 2);
  const [first] = [...a.store.pool('C').own.keys()];
  const before = keysOf(c, 'A', false);
  const { take } = a.store.numbers;
  a.store.numbers.take = async () => first!;
  await assert.rejects(relay(a, 'C', 2), { code: 'relay.conflict' });
  a.store.numbers.take = take;
  assert.equal(c.relay.destination.stats.refused, 1);
  assert.deepEqual(keysOf(c, 'A', false), before);
  await relay(a, 'C', 2);
  assertShared(a, c);
});

test('a destination that cannot store says so, and holds nothing', async (t) => {
  const { world, a, c } = await row(t);
  world.net.crossing = (name, bytes) => {
    if (name === 'B>C' && readHeader(bytes, 0).command === command.keyRelay)
      setImmediate(() => failNext(c.store));
  };
  await assert.rejects(relay(a, 'C', 2), { code: 'relay.store_unavailable', fault: 'host' });
  world.net.crossing = undefined;
  assert.equal(c.store.pool('A').heldUnits, 0);
  await relay(a, 'C', 2);
  assertShared(a, c);
});

test('the destination learns with the next relay from which blocks the source takes no more', async (t) => {
  const { a, c } = await row(t);
  await relay(a, 'C', 2);
  await relay(a, 'C', 2);
  const [first, second] = [...a.store.pool('C').own.keys()];
  assert.equal(c.store.pool('A').theirFloor, first);
  await a.allocator.takeKeys(a.store.pool('C'), 2, 1);
  await relay(a, 'C', 2);
  assert.equal(c.store.pool('A').theirFloor, second);
});

test('a block that the source is just storing is not said to be done', async (t) => {
  const { a, c } = await row(t);
  const pool = a.store.pool('C');
  await relay(a, 'C', 2);
  await a.allocator.takeKeys(pool, 2, 1);
  const { insert } = a.store;
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  a.store.insert = async (block, bytes) => {
    await held;
    return insert.call(a.store, block, bytes);
  };
  const first = relay(a, 'C', 2);
  await until(
    'the first is being stored',
    () => c.relay.destination.stats.blocks === 2 && a.relay.source.inFlight === 0,
  );
  a.store.insert = insert;
  await relay(a, 'C', 2);
  release();
  await first;
  assert.equal(c.store.pool('A').theirFloor, Math.min(...pool.own.keys()));
});
