import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../manual-clock.ts';
import { linkedPair } from './node.ts';

const UNITS = 16;

test('an answer to what was proposed before the line broke is not taken for one to what is proposed now', async (t) => {
  const { world, a, b } = await linkedPair(t);
  const [inA, inB] = [a.store.pool('B'), b.store.pool('A')];
  // The far end's disk is slow: its answer is on the way while the line breaks.
  const slow = Promise.withResolvers<void>();
  const markReady = b.store.markReady.bind(b.store);
  let marking = false;
  b.store.markReady = async (...which) => {
    marking = true;
    await slow.promise;
    return markReady(...which);
  };
  world.deliver([[b, 'A']], 0, UNITS);
  world.deliver([[a, 'B']], 0, UNITS);
  await until('the far end is about to answer', () => marking);
  const connects = a.peers.get('B')!.connects;
  world.net.cut();
  world.deliver([[a, 'B']], 2, UNITS);
  await until('the line is back', () => a.peers.get('B')!.connects > connects && b.peers.get('A')!.up);
  await new Promise((resolve) => setTimeout(resolve, 50));
  slow.resolve();
  await until('the far end has marked it', () => inB.theirs.get(0)?.state === 'ready');
  await new Promise((resolve) => setTimeout(resolve, 50));
  world.deliver([[b, 'A']], 2, UNITS);
  await until('both are ready', () =>
    [0, 2].every(
      (number) => inA.own.get(number)?.state === 'ready' && inB.theirs.get(number)?.state === 'ready',
    ),
  );
  await new Promise((resolve) => setTimeout(resolve, 50));
  for (const number of [0, 2]) {
    const [own, theirs] = [inA.own.get(number)!, inB.theirs.get(number)!];
    assert.deepEqual([own.first, own.epoch], [theirs.first, theirs.epoch], `block ${number}`);
    assert.ok(inA.idSecrets.own.has(own.epoch) && inB.idSecrets.theirs.has(own.epoch));
  }
});

test('a block whose proof has come, and which the disk is slow to make ready, is not proposed in another epoch on the next connection', async (t) => {
  const { world, a, b } = await linkedPair(t);
  const [inA, inB] = [a.store.pool('B'), b.store.pool('A')];
  const slow = Promise.withResolvers<void>();
  const markReady = a.store.markReady.bind(a.store);
  let marking = false;
  a.store.markReady = async (block, ...which) => {
    marking ||= block.own;
    if (block.own) await slow.promise;
    return markReady(block, ...which);
  };
  // More than one message proposes.
  const numbers = Array.from({ length: 20 }, (_, i) => 2 * i);
  for (const number of numbers) world.deliver([[b, 'A']], number, UNITS);
  await until('they are there', () => inB.theirs.size === numbers.length);
  for (const number of numbers) world.deliver([[a, 'B']], number, UNITS);
  await until('the first are agreed on', () => marking);
  const connects = a.peers.get('B')!.connects;
  world.net.cut();
  await until('the line is back', () => a.peers.get('B')!.connects > connects && b.peers.get('A')!.up);
  await new Promise((resolve) => setTimeout(resolve, 100));
  slow.resolve();
  await until('all are ready', () =>
    numbers.every(
      (number) => inA.own.get(number)?.state === 'ready' && inB.theirs.get(number)?.state === 'ready',
    ),
  );
  await new Promise((resolve) => setTimeout(resolve, 100));
  for (const number of numbers)
    assert.equal(inA.own.get(number)!.epoch, inB.theirs.get(number)!.epoch, `block ${number}`);
});
