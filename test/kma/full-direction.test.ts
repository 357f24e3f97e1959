import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limits } from '../../src/limits.ts';
import { until } from '../manual-clock.ts';
import { linkedPair } from './node.ts';

test('with "oldest_first" a direction full of blocks that the other end never had makes room for new ones', async (t) => {
  const { world, a, b } = await linkedPair(t);
  const policy = { maxUnits: 160, ownLifetimeMs: limits.ownKeyLifetimeMs, whenFull: 'oldest_first' } as const;
  for (const [node, remote] of [
    [a, 'B'],
    [b, 'A'],
  ] as const)
    node.store.pool(remote).policy = policy;
  const { own } = a.store.pool('B');
  // The other node was away, and its module has forgotten these meanwhile.
  for (let number = 0; number < 12; number += 2) world.deliver([[a, 'B']], number, 16);
  await until('they are stored', () => own.size === 6);
  const isReady = () => [...own.values()].some(({ state }) => state === 'ready');
  for (let number = 20; !isReady() && number < 32; number += 2) {
    world.deliver(
      [
        [a, 'B'],
        [b, 'A'],
      ],
      number,
      16,
    );
    await world.clock.leap(15_000);
  }
  assert.ok(isReady());
});
