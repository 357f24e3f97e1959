import assert from 'node:assert/strict';
import { test } from 'node:test';
import { proofSeenFrom } from '../../src/kma/sync-proof.ts';
import { command, readHeader } from '../../src/kx/codec/header.ts';
import { writeProposals } from '../../src/kx/codec/private-messages.ts';
import { limits } from '../../src/limits.ts';
import { until } from '../manual-clock.ts';
import { keyOf } from '../store/temp-store.ts';
import { linkedPair } from './node.ts';

const UNITS = 16;
/** A byte of the second KMA-key, with which the answer is proved, and nothing else. */
const IN_ANSWER_KEY = 41;

test('where the block that was to begin an epoch comes to nothing at its owner, the others begin another, and their keys can be found', async (t) => {
  const { world, a, b } = await linkedPair(t);
  const [inA, inB] = [a.store.pool('B'), b.store.pool('A')];
  const other = Buffer.from(keyOf(0, UNITS).view());
  other[IN_ANSWER_KEY]! ^= 1;
  world.deliver([[b, 'A']], 0, UNITS, other);
  world.deliver([[b, 'A']], 2, UNITS);
  await until('they are there', () => inB.theirs.size === 2);
  // One message proposes both, the second in the epoch of the first.
  world.deliver([[a, 'B']], 0, UNITS);
  world.deliver([[a, 'B']], 2, UNITS);
  const ends = [
    [a, 'B'],
    [b, 'A'],
  ] as const;
  for (const number of [4, 6]) world.deliver(ends, number, UNITS);
  const ready = [2, 4, 6];
  await until('the others are ready', () =>
    ready.every(
      (number) => inA.own.get(number)?.state === 'ready' && inB.theirs.get(number)?.state === 'ready',
    ),
  );
  assert.equal(inA.own.get(0), undefined);
  for (const number of ready) {
    const [own, theirs] = [inA.own.get(number)!, inB.theirs.get(number)!];
    assert.deepEqual([own.first, own.epoch], [theirs.first, theirs.epoch], `block ${number}`);
    assert.notEqual(own.epoch, 0);
    assert.ok(inA.idSecrets.own.has(own.epoch) && inB.idSecrets.theirs.has(own.epoch), `of block ${number}`);
  }
});

test('where the disk does not let go of an epoch that the far end lacks, the block is proposed once more', async (t) => {
  const { world, a, b } = await linkedPair(t);
  const ends = [
    [a, 'B'],
    [b, 'A'],
  ] as const;
  const states = (number: number) => [
    a.store.pool('B').own.get(number)?.state,
    b.store.pool('A').theirs.get(number)?.state,
  ];
  const ready = (number: number) => () => states(number).every((state) => state === 'ready');
  world.deliver(ends, 0, UNITS);
  await until('the epoch has begun', ready(0));
  b.store.pool('A').idSecrets.theirs.delete(0);
  const failing = () => Promise.reject(new Error('no room'));
  t.mock.method(a.store, 'forgetEpoch', failing, { times: 1 });
  world.deliver(ends, 2, UNITS);
  await until('it is ready', ready(2));
  assert.equal(a.store.pool('B').own.get(2)?.epoch, 2);
});

test('a block of which key was used stays as it is, in whatever epoch its owner proposes it again', async (t) => {
  const { world, a, b } = await linkedPair(t);
  await world.fillLink(a, b, 8, UNITS);
  const pool = b.store.pool('A');
  const block = [...pool.theirs.values()].find(({ number, epoch }) => number !== epoch)!;
  const { number, first, epoch, units } = block;
  assert.ok(b.allocator.receivePad(pool, [{ number, index: first, units: 1 }], () => true));
  let answers = 0;
  world.net.crossing = (name, bytes) => {
    if (name === 'B>A' && readHeader(bytes, 0).command === command.syncAnswer) answers += 1;
  };
  const ends = { mine: true, self: 'A', other: 'B' };
  const tag = proofSeenFrom(ends, 'proposal', number, keyOf(number, units).view());
  const again = { number, bytes: units * limits.unitBytes, epoch: number, tag };
  assert.equal(a.peers.get('B')!.send(writeProposals([again], 0)), true);
  await until('it is answered', () => answers === 1);
  assert.deepEqual([block.first, block.epoch, block.usedCount], [first, epoch, 1]);
  assert.ok(!pool.idSecrets.theirs.has(number));
});
