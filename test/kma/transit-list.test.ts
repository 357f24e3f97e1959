import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { command, readHeader } from '../../src/kx/codec/header.ts';
import { World } from './node.ts';

/** A reaches E over B and D; B by itself would go over C. What is sent to E is in `way`, by line. */
async function fork(t: TestContext) {
  const world = new World(t);
  const to = (destination: string, ...via: string[]) => ({ destination, via });
  const between = (...linked: string[]) => ({ neighbours: linked, linked });
  const a = world.node('A', { ...between('B'), routes: [to('E', 'B', 'D')] });
  const b = world.node('B', { ...between('A', 'C', 'D'), routes: [to('E', 'C')] });
  const c = world.node('C', between('B', 'E'));
  const d = world.node('D', between('B', 'E'));
  const e = world.node('E', { ...between('C', 'D'), routes: [to('A', 'D', 'B')] });
  const nodes = [a, b, c, d, e];
  for (const node of nodes) node.start();
  for (const node of nodes) await node.up();
  for (const [one, other] of [
    [a, b],
    [b, c],
    [b, d],
    [c, e],
    [d, e],
  ] as const)
    await world.fillLink(one, other, 2, 64);
  const way: string[] = [];
  const sent = new Set<number>([command.keyRelay, command.keySupply]);
  world.net.crossing = (line, bytes) => {
    if (sent.has(readHeader(bytes, 0).command)) way.push(line);
  };
  return { a, e, way };
}

test('a relay goes the way of its transit list, where the transit node has another of its own', async (t) => {
  const { a, e, way } = await fork(t);
  const relayed = await a.relay.source.relay('E', 3).catch((error: Error) => error);
  assert.deepEqual(way, ['A>B', 'B>D', 'D>E']);
  assert.ok(!(relayed instanceof Error) && relayed.keys === 3);
  assert.equal(e.relay.destination.stats.blocks, 1);
});

test('a key supply notification goes the way of its transit list as well', async (t) => {
  const { a, e, way } = await fork(t);
  e.notices.supplyKeys = async (_, { announced }) => ({
    response: 'success',
    keyIds: [...(announced?.keyIds ?? [])],
  });
  const announced = { destination: 'E', master: 'app-a', slave: 'app-e', keyIds: ['x'], sizeBits: 256 };
  const { response } = await a.notification.source.announce(announced);
  assert.deepEqual(way, ['A>B', 'B>D', 'D>E']);
  assert.equal(response, 'success');
});
