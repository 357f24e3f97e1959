import assert from 'node:assert/strict';
import { test } from 'node:test';
import { command, readHeader } from '../../src/kx/codec/header.ts';
import { readAnswers, readProposals } from '../../src/kx/codec/private-messages.ts';
import { limits } from '../../src/limits.ts';
import { until } from '../manual-clock.ts';
import { linkedPair, type TestNode, type World } from './node.ts';

const UNITS = 16;
const pools = (a: TestNode, b: TestNode) => [a.store.pool('B'), b.store.pool('A')] as const;

/** What A proposes and B answers, by number, as it arrives from now on. */
function arriving({ net }: World) {
  const [proposed, answered]: [number[], number[]] = [[], []];
  net.dropped = (name, bytes) => {
    const payload = bytes.subarray(limits.kxHeaderBytes);
    const code = readHeader(bytes, 0).command;
    if (name === 'A>B' && code === command.syncProposal)
      proposed.push(...readProposals(payload)!.map(({ number }) => number));
    if (name === 'B>A' && code === command.syncAnswer)
      answered.push(...readAnswers(payload)!.map(({ number }) => number));
    return false;
  };
  return { proposed, answered };
}

/** Until these blocks of A are ready at both ends, and then one more that comes now: what was said of them before has been heard. */
async function agreedOn(world: World, a: TestNode, b: TestNode, numbers: number[]): Promise<void> {
  const [inA, inB] = pools(a, b);
  const isReady = (number: number) =>
    inA.own.get(number)?.state === 'ready' && inB.theirs.get(number)?.state === 'ready';
  await until('all are ready', () => numbers.every(isReady));
  const last = Math.max(...numbers) + 2;
  deliver(world, a, b, last);
  await until('the last one is ready', () => isReady(last));
}

function deliver(world: World, a: TestNode, b: TestNode, number: number): void {
  const ends = [
    [a, 'B'],
    [b, 'A'],
  ] as const;
  world.deliver(ends, number, UNITS);
}

test('an answer to what was proposed before the line broke is not taken for one to what is proposed now', async (t) => {
  const { world, a, b } = await linkedPair(t);
  const [inA, inB] = pools(a, b);
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
  const { proposed, answered } = arriving(world);
  world.deliver([[a, 'B']], 2, UNITS);
  await until('the line is back', () => a.peers.get('B')!.connects > connects && b.peers.get('A')!.up);
  await until('both are proposed anew', () => [0, 2].every((number) => proposed.includes(number)));
  slow.resolve();
  await until('the far end has marked it', () => inB.theirs.get(0)?.state === 'ready');
  await until('the far end has answered anew', () => answered.includes(0));
  world.deliver([[b, 'A']], 2, UNITS);
  await agreedOn(world, a, b, [0, 2]);
  const isFirst = (number: number) => number === 0;
  assert.equal(answered.filter(isFirst).length, proposed.filter(isFirst).length);
  for (const number of [0, 2]) {
    const [own, theirs] = [inA.own.get(number)!, inB.theirs.get(number)!];
    assert.deepEqual([own.first, own.epoch], [theirs.first, theirs.epoch], `block ${number}`);
    assert.ok(inA.idSecrets.own.has(own.epoch) && inB.idSecrets.theirs.has(own.epoch));
  }
});

test('a block whose proof has come, and which the disk is slow to make ready, is not proposed in another epoch on the next connection', async (t) => {
  const { world, a, b } = await linkedPair(t);
  const [inA, inB] = pools(a, b);
  const slow = Promise.withResolvers<void>();
  const markReady = a.store.markReady.bind(a.store);
  const marking: number[] = [];
  a.store.markReady = async (block, ...which) => {
    if (block.own) marking.push(block.number);
    if (block.own) await slow.promise;
    return markReady(block, ...which);
  };
  // More than one message proposes.
  const numbers = Array.from({ length: 20 }, (_, i) => 2 * i);
  for (const number of numbers) world.deliver([[b, 'A']], number, UNITS);
  await until('they are there', () => inB.theirs.size === numbers.length);
  for (const number of numbers) world.deliver([[a, 'B']], number, UNITS);
  await until('the first are agreed on', () => marking.length > 0);
  const connects = a.peers.get('B')!.connects;
  world.net.cut();
  const agreed = [...marking];
  const { proposed, answered } = arriving(world);
  await until('the line is back', () => a.peers.get('B')!.connects > connects && b.peers.get('A')!.up);
  // It is proposed behind all others.
  const last = 2 * numbers.length;
  deliver(world, a, b, last);
  await until('the far end has answered anew', () => answered.includes(last));
  for (const number of agreed) assert.ok(!proposed.includes(number), `block ${number}`);
  slow.resolve();
  await agreedOn(world, a, b, [...numbers, last]);
  for (const number of numbers)
    assert.equal(inA.own.get(number)!.epoch, inB.theirs.get(number)!.epoch, `block ${number}`);
});

test('a block that ends while it is made ready is not said to be', async (t) => {
  const { world, a, b } = await linkedPair(t);
  const [inA, inB] = pools(a, b);
  const { answered } = arriving(world);
  const markReady = b.store.markReady.bind(b.store);
  b.store.markReady = async (block, ...which) => {
    const marked = markReady(block, ...which);
    if (block.number === 0) await b.store.destroy(block, 'ordered');
    return marked;
  };
  deliver(world, a, b, 0);
  await until('it has ended', () => b.store.known('A', false, 0) && !inB.theirs.has(0));
  deliver(world, a, b, 2);
  await agreedOn(world, a, b, [2]);
  assert.deepEqual([answered.includes(0), inA.own.get(0)?.state], [false, 'received']);
});
