import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ownsBlock, SYNC_UNITS } from '../../src/keys/block-rule.ts';
import { command, readHeader } from '../../src/kx/codec/header.ts';
import { limits } from '../../src/limits.ts';
import { until } from '../manual-clock.ts';
import { closeStore, editStore, failNext, keyOf } from '../store/temp-store.ts';
import { linkedPair, type TestNode, World } from './node.ts';

const UNITS = 16;
/** However slow the disk is. */
const PATIENCE_MS = 60_000;
const pools = (a: TestNode, b: TestNode) => [a.store.pool('B'), b.store.pool('A')] as const;
const sides = (a: TestNode, b: TestNode) =>
  [
    [a, 'B'],
    [b, 'A'],
  ] as const;

function stateOf(node: TestNode, remote: string, number: number): string | undefined {
  const { own, theirs } = node.store.pool(remote);
  const live = own.get(number) ?? theirs.get(number);
  const row = node.store.statements.selectKnown.get(
    remote,
    ownsBlock(node.id, remote, number) ? 1 : 0,
    number,
  );
  return live?.state ?? (row?.['state'] as string | undefined);
}

const both = (a: TestNode, b: TestNode, number: number) => [stateOf(a, 'B', number), stateOf(b, 'A', number)];
const ready = (a: TestNode, b: TestNode, number: number) =>
  both(a, b, number).every((state) => state === 'ready');

test('equal blocks become ready at both ends, each direction owned by exactly one, and both ends hold the same pads', async (t) => {
  const { world, a, b } = await linkedPair(t);
  await world.fillLink(a, b, 20, UNITS);
  const [inA, inB] = pools(a, b);
  assert.deepEqual([...inA.own.keys()].sort(), [...inB.theirs.keys()].sort());
  assert.deepEqual([...inB.own.keys()].sort(), [...inA.theirs.keys()].sort());
  assert.equal(inA.own.size, 10);
  for (const number of inA.own.keys()) assert.ok(!inB.own.has(number));
  assert.ok(inA.idSecrets.own.size > 0);
  for (const [epoch, secret] of inA.idSecrets.own)
    assert.ok(inB.idSecrets.theirs.get(epoch)?.view().equals(secret.view()));
  for (const [from, to] of [
    [a, inB],
    [b, inA],
  ] as const) {
    const remote = from === a ? 'B' : 'A';
    for (const size of [1, 5, 20]) {
      const pad = await from.allocator.takePad(from.store.pool(remote), size);
      const got = (from === a ? b : a).allocator.receivePad(to, pad!.segments, () => true);
      assert.ok(got?.view().equals(pad!.bytes.view()));
    }
  }
});

test('the units that the proofs spent are never key', async (t) => {
  const { world, a, b } = await linkedPair(t);
  await world.fillLink(a, b, 4, UNITS);
  const [inA, inB] = pools(a, b);
  for (const block of [...inA.own.values(), ...inB.own.values()]) {
    assert.equal(block.first, block.epoch === block.number ? SYNC_UNITS + 1 : SYNC_UNITS);
    const remote = inA.own.get(block.number) === block ? b : a;
    const pad = [{ number: block.number, index: block.first - 1, units: 1 }];
    assert.equal(
      remote.allocator.receivePad(remote === b ? inB : inA, pad, () => true),
      undefined,
    );
  }
});

test('blocks that differ in one bit, or in length, are quarantined at both ends, and the others are not touched', async (t) => {
  const { world, a, b } = await linkedPair(t);
  for (const number of [0, 1, 2, 3]) {
    const other = Buffer.from(keyOf(number, number < 2 ? UNITS : UNITS + 1).view());
    if (number < 2) other[300]! ^= 4;
    world.deliver([[a, 'B']], number, UNITS);
    world.deliver([[b, 'A']], number, UNITS, other);
  }
  world.deliver(sides(a, b), 4, UNITS);
  world.deliver(sides(a, b), 5, UNITS);
  await until('all are judged', () => [4, 5].every((number) => ready(a, b, number)));
  for (const number of [0, 1, 2, 3])
    await until(`block ${number}`, () => both(a, b, number).every((state) => state === 'quarantined'));
  assert.deepEqual(
    [a, b].map((node) => node.log.of('kma.block.quarantined').length),
    [4, 4],
  );
});

test('a block that comes late at the far end is answered when it comes', async (t) => {
  const { world, a, b } = await linkedPair(t);
  world.deliver([[a, 'B']], 0, UNITS);
  world.deliver([[b, 'A']], 1, UNITS);
  await until('they are stored', () => both(a, b, 0)[0] === 'received' && both(a, b, 1)[1] === 'received');
  await new Promise((resolve) => setTimeout(resolve, 30));
  world.deliver([[b, 'A']], 0, UNITS);
  world.deliver([[a, 'B']], 1, UNITS);
  await until('they are ready', () => ready(a, b, 0) && ready(a, b, 1));
});

test('a block whose epoch begins with one that the far end lacks begins an epoch of its own', async (t) => {
  const { world, a, b } = await linkedPair(t);
  world.deliver([[a, 'B']], 0, UNITS);
  await until('it is stored', () => stateOf(a, 'B', 0) === 'received');
  world.deliver(sides(a, b), 2, UNITS);
  await until('the later one is ready', () => ready(a, b, 2));
  assert.deepEqual([...a.store.pool('B').idSecrets.own.keys()], [2]);
  world.deliver([[b, 'A']], 0, UNITS);
  await until('the earlier one is ready', () => ready(a, b, 0));
  for (const block of a.store.pool('B').own.values())
    assert.ok(
      a.store.pool('B').idSecrets.own.has(block.epoch) && b.store.pool('A').idSecrets.theirs.has(block.epoch),
    );
});

test('answers that are lost are said again', async (t) => {
  const { world, a, b } = await linkedPair(t);
  let lost = 0;
  world.net.dropped = (name, bytes) => {
    const drop = name === 'B>A' && readHeader(bytes, 0).command === command.syncAnswer && lost < 2;
    if (drop) lost += 1;
    return drop;
  };
  world.deliver(sides(a, b), 0, UNITS);
  await until('the answer is lost', () => lost === 1 && stateOf(b, 'A', 0) === 'ready');
  assert.equal(stateOf(a, 'B', 0), 'received');
  await a.clock.leap(limits.reproposeMs * 3);
  await until('it is ready', () => ready(a, b, 0));
  assert.equal(lost, 2);
  assert.equal(b.synchronises.get('A')?.stats.ready, 1, 'it was marked once');
});

test('what was not answered before the line broke is proposed again when it is back', async (t) => {
  const { world, a, b } = await linkedPair(t);
  world.net.dropped = (name, bytes) => name === 'B>A' && readHeader(bytes, 0).command === command.syncAnswer;
  world.deliver(sides(a, b), 0, UNITS);
  await until('the far end has it ready', () => stateOf(b, 'A', 0) === 'ready');
  world.net.dropped = undefined;
  world.net.cut();
  await until('it is ready', () => ready(a, b, 0));
  const [inA, inB] = pools(a, b);
  assert.equal(inA.own.get(0)?.epoch, inB.theirs.get(0)?.epoch);
  assert.deepEqual([...inA.idSecrets.own.keys()], [...inB.idSecrets.theirs.keys()]);
});

test('more blocks than may be outstanding all become ready in the end', async (t) => {
  const { world, a, b } = await linkedPair(t);
  const count = limits.pendingProposalsMax + 400;
  for (let i = 0; i < count; i++) world.deliver([[a, 'B']], 2 * i, 4);
  await until('one end has them', () => a.store.pool('B').own.size === count);
  await a.clock.leap(limits.reproposeMs);
  for (let i = count - 1; i >= 0; i--) world.deliver([[b, 'A']], 2 * i, 4);
  await until('the other end has them', () => b.store.pool('A').theirs.size === count);
  const left = () => [...a.store.pool('B').own.values()].filter(({ state }) => state === 'received').length;
  const endMs = performance.now() + PATIENCE_MS;
  while (left() > 0 && performance.now() < endMs) {
    await a.clock.leap(limits.reproposeMs / 2);
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
  assert.equal(left(), 0);
});

test('a block that was not marked ready for want of room is ready in the end, and so is the epoch that it begins', async (t) => {
  const { world, a, b } = await linkedPair(t);
  world.net.dropped = (name, bytes) => {
    if (name !== 'B>A' || readHeader(bytes, 0).command !== command.syncAnswer) return false;
    failNext(a.store);
    world.net.dropped = undefined;
    return false;
  };
  world.deliver(sides(a, b), 0, UNITS);
  await until('storing fails', () => a.log.of('kma.synchronise.error').length > 0);
  assert.deepEqual(both(a, b, 0), ['received', 'ready']);
  world.deliver(sides(a, b), 2, UNITS);
  await a.clock.leap(limits.reproposeMs * 2);
  await until('both are ready', () => ready(a, b, 0) && ready(a, b, 2));
  const { own, idSecrets } = a.store.pool('B');
  for (const { epoch } of own.values())
    assert.ok(idSecrets.own.has(epoch), `epoch ${epoch} has an ID secret`);
});

test('a block that the disk damaged is quarantined at both ends, and the others go on', async (t) => {
  const world = new World(t);
  const before = world.node('A', { neighbours: ['B'], linked: ['B'] });
  const b = world.node('B', { neighbours: ['A'], linked: ['A'] });
  for (const number of [0, 1, 2, 3]) world.deliver(sides(before, b), number, UNITS);
  await until('all are stored', () => before.store.pool('B').heldUnits === 4 * UNITS);
  await before.stop();
  await closeStore(before.store);
  editStore(before.directory, (db) => {
    const damage = db.prepare('UPDATE block_key SET sealed = zeroblob(length(sealed)) WHERE block = ?');
    for (const { id } of db.prepare('SELECT id FROM block WHERE number < 2').all()) damage.run(id as number);
  });
  const a = world.node('A', { neighbours: ['B'], linked: ['B'] }, before.directory);
  a.start();
  b.start();
  await until('the whole ones are ready', () => ready(a, b, 2) && ready(a, b, 3));
  await until(
    'the damaged ones are put aside',
    () => stateOf(a, 'B', 0) === 'quarantined' && stateOf(a, 'B', 1) === 'quarantined',
  );
  await until('also where the other end owns it', () => stateOf(b, 'A', 1) === 'quarantined');
  assert.deepEqual(
    a.log
      .of('kma.block.damaged')
      .map(({ fields }) => fields['number'])
      .sort(),
    [0, 1],
  );
});

test('a neighbour with a new store is noticed: what was shared is destroyed, and new blocks become ready', async (t) => {
  const { world, a, b } = await linkedPair(t);
  await world.fillLink(a, b, 4, UNITS);
  await b.stop();
  await until('it is gone', () => !a.peers.get('B')?.up);
  const anew = world.node('B', { neighbours: ['A'], linked: ['A'] });
  anew.start();
  await anew.up();
  await until('the pool is empty', () => a.store.pool('B').heldUnits === 0);
  assert.equal(a.log.of('kma.peer.new_store').length, 1);
  anew.nextBlock = 4;
  await world.fillLink(a, anew, 4, UNITS);
  const pad = await a.allocator.takePad(a.store.pool('B'), 3);
  const received = anew.allocator.receivePad(anew.store.pool('A'), pad!.segments, () => true);
  assert.ok(received?.view().equals(pad!.bytes.view()));
});
