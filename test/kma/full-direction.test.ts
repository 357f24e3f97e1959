import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limits } from '../../src/limits.ts';
import { until } from '../manual-clock.ts';
import { linkedPair } from './node.ts';

for (const whenFull of ['oldest_first', 'refuse'] as const)
  test(`with "${whenFull}" a direction full of blocks that the other end never had makes room for new ones`, async (t) => {
    const { world, a, b } = await linkedPair(t);
    const policy = { maxUnits: 160, ownLifetimeMs: limits.ownKeyLifetimeMs, whenFull };
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
    for (let number = 20; !isReady() && number < 44; number += 2) {
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

test('what the other end may still agree on makes no room: while it is away, while key is held, and for a while after either', async (t) => {
  const { world, a, b } = await linkedPair(t);
  const pool = a.store.pool('B');
  pool.policy = { maxUnits: 160, ownLifetimeMs: limits.ownKeyLifetimeMs, whenFull: 'refuse' };
  const acquire = a.acquires.get('B')!;
  for (let number = 0; number < 10; number += 2) world.deliver([[a, 'B']], number, 16);
  await until('they are stored', () => pool.own.size === 5);
  const laser = (active: boolean) => acquire.onAlarm({ code: 'laser', text: '', active, suspect: active });
  let number = 10;
  const refuses = async () => {
    const { surplus } = acquire.stats;
    world.deliver([[a, 'B']], number, 16);
    number += 2;
    await until('it is answered', () => acquire.stats.surplus > surplus || pool.own.size !== 5);
    assert.deepEqual([...pool.own.keys()], [0, 2, 4, 6, 8]);
  };
  await world.clock.leap(limits.agreementMs / 2);
  await refuses();
  laser(true);
  await world.clock.leap(2 * limits.agreementMs);
  await refuses();
  laser(false);
  await acquire.release('an operator has looked');
  await refuses();
  await b.stop();
  await until('it is away', () => !a.peers.get('B')!.up);
  await world.clock.leap(2 * limits.agreementMs);
  await refuses();
});
