import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Hold, HoldMemory } from '../../src/env/hold-memory.ts';
import { SuspectHold } from '../../src/kma/suspect-hold.ts';
import { limits } from '../../src/limits.ts';
import type { Block } from '../../src/store/block.ts';
import { sinceWall } from '../../src/store/since.ts';
import { until } from '../manual-clock.ts';
import { Lines } from '../store/temp-store.ts';
import { linkedPair } from './node.ts';

const alarm = (active: boolean) => ({ code: 'laser', text: '', active, suspect: true });

/** A link that has been there for a while. */
async function pair(t: TestContext) {
  const both = await linkedPair(t);
  await both.world.clock.leap(5 * limits.suspectBackMs);
  return { ...both, acquire: both.a.acquires.get('B')!, pool: both.a.store.pool('B') };
}

test('what comes during a hold is suspect, though the wall clock was set back meanwhile', async (t) => {
  const { world, a, b, acquire, pool } = await pair(t);
  acquire.onAlarm(alarm(true));
  world.clock.wallAheadMs = -600_000;
  world.deliver(
    [
      [a, 'B'],
      [b, 'A'],
    ],
    0,
    16,
  );
  await until('the block is stored', () => pool.own.has(0));
  acquire.onAlarm(alarm(false));
  assert.equal(await acquire.discard('an operator discarded it'), 1);
  await world.clock.leap(2 * limits.reproposeMs);
  assert.equal(pool.ownLeft, 0);
});

test('what came shortly before an alarm is held, though the wall clock was set forward between', async (t) => {
  const { world, a, b, acquire, pool } = await pair(t);
  await world.fillLink(a, b, 2);
  world.clock.wallAheadMs = 120_000;
  await world.clock.leap(1_000);
  acquire.onAlarm(alarm(true));
  assert.equal(pool.ownLeft, 0);
  assert.equal(pool.heldBack.size, 1);
});

test('a hold that is remembered goes by the rows of the store, though the wall clock was set back before the restart', async (t) => {
  const { world, a, b, pool } = await pair(t);
  await world.fillLink(a, b, 1);
  await world.clock.leap(5 * limits.suspectBackMs);
  let saved: Hold | undefined;
  const memory: HoldMemory = {
    load: () => saved,
    save: (hold) => {
      saved = hold;
    },
  };
  const destroyed: number[] = [];
  const intake = {
    destroy: async (blocks: readonly Block[]) => void destroyed.push(...blocks.map(({ number }) => number)),
    underway: async () => {},
  };
  const hold = () =>
    new SuspectHold(pool, a.synchronises.get('B')!, intake, world.clock, new Lines(), {
      releaseAtAlarmEnd: false,
      memory,
    });
  const [before] = [...pool.own.values()];
  hold().onAlarm(alarm(true));
  assert.ok(saved!.row! > before!.id);
  world.clock.wallAheadMs = -600_000;
  world.deliver([[a, 'B']], 100, 16);
  await until('the block is stored', () => pool.own.has(100));
  // What the store makes of it at the next start.
  for (const block of pool.own.values())
    block.arrivedMs = sinceWall(block.createdMs, world.clock).monotonicMs;
  await world.clock.leap(1_000);
  await hold().discard('an operator discarded it');
  assert.deepEqual(destroyed, [100]);
});

test('a link that is stopped proposes nothing any more, whatever its hold is told', async (t) => {
  const { world, a, acquire, pool } = await pair(t);
  acquire.onAlarm(alarm(true));
  world.deliver([[a, 'B']], 0, 16);
  await until('the block is stored', () => pool.own.has(0));
  const synchronise = a.synchronises.get('B')!;
  acquire.stop();
  synchronise.stop();
  let sent = 0;
  world.net.crossing = (name) => {
    if (name === 'A>B') sent += 1;
  };
  assert.equal(await acquire.release('an operator released it'), 0);
  synchronise.setHeld(false);
  synchronise.onUp();
  await world.clock.leap(limits.syncBatchMs);
  assert.equal(sent, 0);
});
