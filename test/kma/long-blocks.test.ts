import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import type { Acquire } from '../../src/kma/acquire.ts';
import { limits } from '../../src/limits.ts';
import { SecretBytes } from '../../src/secret/secret-bytes.ts';
import { until } from '../manual-clock.ts';
import { linkedPair, type TestNode } from './node.ts';

const MIB = limits.blockBytesMax;

function give(node: TestNode, remote: string, number: number, bytes: Buffer, qber?: number) {
  const delivery = { answer: '' };
  const say = (what: string) => {
    assert.equal(delivery.answer, '', 'a block is answered once');
    delivery.answer = what;
  };
  const block = { number, bytes: SecretBytes.copyOf(bytes), ...(qber !== undefined && { qber }) };
  acquireOf(node, remote).onBlock(block, { stored: () => say('stored'), refused: (why) => say(why) });
  return delivery;
}

const acquireOf = (node: TestNode, remote: string): Acquire => node.acquires.get(remote)!;

test('a block of 12.5 MB is cut alike at both ends, shared between both directions, and answered when all of it is safe', async (t) => {
  const { a, b } = await linkedPair(t);
  const bytes = randomBytes(12_500_000);
  const answers = [give(a, 'B', 24, bytes), give(b, 'A', 24, bytes)];
  await until('both are stored', () => answers.every(({ answer }) => answer === 'stored'));
  const [inA, inB] = [a.store.pool('B'), b.store.pool('A')];
  assert.deepEqual(
    [...inA.own.keys(), ...inA.theirs.keys()].sort(),
    Array.from({ length: 12 }, (_, i) => 24 + i),
  );
  assert.equal(inA.own.size, 6);
  assert.equal(inA.heldUnits, Math.floor(12_500_000 / 32));
  assert.equal(acquireOf(a, 'B').stats.remainderBytes, 12_500_000 % 32);
  const ready = () => [...inA.own.values(), ...inB.own.values()].every(({ state }) => state === 'ready');
  await until('all of it is ready', () => ready() && inB.own.size === 6);
});

test('both ends cut alike whatever came in which order', async (t) => {
  const { a, b } = await linkedPair(t);
  const blocks = [0, 3, 6].map((number) => ({ number, bytes: randomBytes(2 * MIB + 128 + number) }));
  const answers = [
    ...blocks.map(({ number, bytes }) => give(a, 'B', number, bytes)),
    ...blocks.toReversed().map(({ number, bytes }) => give(b, 'A', number, bytes)),
  ];
  await until('all are stored', () => answers.every(({ answer }) => answer === 'stored'));
  const all = () => [...a.store.pool('B').own.values(), ...b.store.pool('A').own.values()];
  await until('all are ready', () => all().every(({ state }) => state === 'ready'));
  assert.equal(all().length, 9);
  assert.equal(a.synchronises.get('B')!.stats.quarantined, 0);
});

test('a long block that comes again after a part of it was stored is completed, not doubled', async (t) => {
  const { a } = await linkedPair(t);
  const bytes = randomBytes(3 * MIB);
  const acquire = acquireOf(a, 'B');
  // The first and the last piece are there from an earlier try that was cut off.
  const pieces = [give(a, 'B', 10, bytes.subarray(0, MIB)), give(a, 'B', 12, bytes.subarray(2 * MIB))];
  await until('they are stored', () => pieces.every(({ answer }) => answer === 'stored'));
  const { Acquire } = await import('../../src/kma/acquire.ts');
  const again = new Acquire('A', 'B', a.store, a.synchronises.get('B')!, a.clock, a.log, {
    releaseAtAlarmEnd: false,
  });
  t.after(() => again.stop());
  const delivery = { answer: '' };
  again.onBlock(
    { number: 10, bytes: SecretBytes.copyOf(bytes) },
    { stored: () => (delivery.answer = 'stored'), refused: (why) => (delivery.answer = why) },
  );
  await until('it is answered', () => delivery.answer !== '');
  assert.equal(delivery.answer, 'stored');
  assert.deepEqual([again.stats.blocks, again.stats.again, acquire.stats.blocks], [1, 2, 2]);
  assert.equal(a.store.pool('B').heldUnits, (3 * MIB) / 32);
});

test('a last piece that is too short for a block is left out at both ends', async (t) => {
  const { a, b } = await linkedPair(t);
  const bytes = randomBytes(MIB + 127);
  const answers = [give(a, 'B', 4, bytes), give(b, 'A', 4, bytes)];
  await until('both are stored', () => answers.every(({ answer }) => answer === 'stored'));
  for (const [node, remote] of [
    [a, 'B'],
    [b, 'A'],
  ] as const) {
    assert.equal(acquireOf(node, remote).stats.blocks, 1);
    assert.equal(acquireOf(node, remote).stats.remainderBytes, 127);
  }
});

test('a block above the link limit of errors is refused, counted by reason, logged without bytes, and never proposed for', async (t) => {
  const { a, b } = await linkedPair(t);
  const { Acquire } = await import('../../src/kma/acquire.ts');
  const strict = new Acquire('A', 'B', a.store, a.synchronises.get('B')!, a.clock, a.log, {
    qberMax: 0.05,
    releaseAtAlarmEnd: false,
  });
  t.after(() => strict.stop());
  a.acquires.set('B', strict);
  strict.onTelemetry({ qber: 0.2 });
  const bytes = randomBytes(1024);
  const [bad, badByTelemetry, good] = [
    give(a, 'B', 5, bytes, 0.06),
    give(a, 'B', 7, bytes),
    give(a, 'B', 9, bytes, 0.01),
  ];
  give(b, 'A', 5, bytes);
  give(b, 'A', 9, bytes);
  await until('all are answered', () => [bad, badByTelemetry, good].every(({ answer }) => answer !== ''));
  assert.match(bad.answer, /error rate of 0.06 is above the limit, 0.05/);
  assert.match(badByTelemetry.answer, /error rate of 0.2 is above/);
  assert.equal(good.answer, 'stored');
  assert.deepEqual(strict.refusals, { qber: 2 });
  const [line] = a.log.of('kma.block.refused');
  assert.deepEqual([line?.fields['number'], line?.fields['code']], [5, 'qber']);
  assert(!JSON.stringify(line).includes(bytes.toString('hex').slice(0, 8)));
  // B owns the odd numbers: its proposal for 5 is told that A has no such block.
  await until('B gives the block up', () => b.synchronises.get('A')!.stats.quarantined === 1);
  await until('the good one is ready', () => b.store.pool('A').own.get(9)?.state === 'ready');
});
