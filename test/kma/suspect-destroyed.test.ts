import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Acquire } from '../../src/kma/acquire.ts';
import { limits } from '../../src/limits.ts';
import { ago } from '../../src/store/since.ts';
import { until } from '../manual-clock.ts';
import { failNext } from '../store/temp-store.ts';

import { laser, numbers, setUp } from './suspect-pair.ts';

test('where the rule is to destroy, an alarm ends the blocks of the last minute, in both directions, and takes no new ones', async (t) => {
  const { world, a, b, acquire, told } = await setUp(t, true);
  const pool = a.store.pool('B');
  acquire.onAlarm(laser(true));
  assert.deepEqual(numbers(a, 'B'), [0, 1, 2, 3]);
  assert.deepEqual(acquire.held, { reason: 'alarm laser', blocks: 0 });
  await until('the other end is told', () => told.length === 1);
  assert.equal(a.log.of('kma.hold.destroyed')[0]?.fields['blocks'], 4);
  const ends = a.store.inventory.blocks(pool).filter(({ number }) => number > 3);
  assert.deepEqual(
    ends.map(({ reason }) => reason),
    ['suspect', 'suspect', 'suspect', 'suspect'],
  );
  world.deliver(
    [
      [a, 'B'],
      [b, 'A'],
    ],
    8,
    16,
  );
  await until('it is refused', () => acquire.refusals.suspect === 1);
  const old = await a.allocator.takePad(pool, 1);
  assert.equal(old?.segments[0]?.number, 0);
  acquire.onAlarm(laser(false));
  assert.equal(await acquire.release('an operator has looked'), 0);
  world.deliver(
    [
      [a, 'B'],
      [b, 'A'],
    ],
    10,
    16,
  );
  await until('new key is used', () => pool.own.get(10)?.state === 'ready');
});

test('a block that was on its way into the store when the alarm came is refused, also where the hold is over by then', async (t) => {
  const { world, a, b, acquire } = await setUp(t, true, 'alarm_end');
  const pool = a.store.pool('B');
  world.deliver(
    [
      [a, 'B'],
      [b, 'A'],
    ],
    8,
    16,
  );
  acquire.onAlarm(laser(true));
  acquire.onAlarm(laser(false));
  await until('it is refused', () => acquire.refusals.suspect === 1);
  await until('the hold is over', () => acquire.held === null);
  await world.clock.leap(limits.reproposeMs);
  assert.equal(pool.own.has(8), false);
  assert.equal(a.store.inventory.blocks(pool).find(({ number }) => number === 8)?.reason, 'suspect');
});

test('where the disk does not take the end of suspect blocks the hold goes on, and ends when it does', async (t) => {
  const { world, a, acquire, told } = await setUp(t, false);
  acquire.onAlarm(laser(true));
  acquire.onAlarm(laser(false));
  failNext(a.store);
  await assert.rejects(acquire.discard('an operator does not trust it'), { fault: 'host' });
  assert.notEqual(acquire.held, null);
  assert.deepEqual([numbers(a, 'B'), told.length], [[0, 1, 2, 3], 0]);
  await world.clock.leap(limits.destroyRetryMs + 1_000);
  await until('the other end is told', () => told.length === 1);
  assert.equal(await acquire.discard('again'), 0);
  assert.equal(acquire.held, null);
});

for (const order of ['discard', 'release'] as const)
  test(`to ${order} once more ends no hold whose blocks the disk has not let go of`, async (t) => {
    const { a, acquire, start } = await setUp(t, order === 'release');
    acquire.onAlarm(laser(true));
    acquire.onAlarm(laser(false));
    for (const what of ['the first', 'the second']) {
      failNext(a.store);
      await assert.rejects(acquire[order](what), { fault: 'host' });
      assert.notEqual(acquire.held, null, what);
    }
    assert.equal(await acquire[order]('the third'), 4);
    assert.deepEqual([acquire.held, start().held], [null, null]);
    assert.deepEqual(
      a.store.inventory.blocks(a.store.pool('B')).map(({ state }) => state),
      [...Array(4).fill('destroyed'), ...Array(4).fill('ready')],
    );
  });

test('a restart during the hold destroys what the one before could not', async (t) => {
  const { world, a, b, acquire, start } = await setUp(t, true);
  acquire.onAlarm(laser(true));
  a.acquires.set(
    'B',
    new Acquire('A', 'B', a.store, a.synchronises.get('B')!, a.clock, a.log, { releaseAtAlarmEnd: false }),
  );
  a.synchronises.get('B')!.setHeld(false);
  a.store.pool('B').letGo();
  await world.fillLink(a, b, 2);
  const again = start();
  t.after(() => again.stop());
  assert.deepEqual(numbers(a, 'B'), [0, 1, 2, 3]);
  assert.deepEqual(again.held, { reason: 'alarm laser', blocks: 0 });
});

test('a block that both ends were agreeing on when the hold began is held with the others', async (t) => {
  const { world, a, b, acquire } = await setUp(t, false);
  const pool = a.store.pool('B');
  world.deliver(
    [
      [a, 'B'],
      [b, 'A'],
    ],
    8,
    16,
  );
  await until('it is stored', () => pool.own.has(8));
  const block = pool.own.get(8)!;
  const ready = a.store.markReady(block, 2, pool.ownEpoch!);
  acquire.onAlarm(laser(true));
  // A later alarm of the same hold makes no less suspect.
  pool.holdBack(ago(-limits.suspectBackMs, a.clock));
  await ready;
  assert.equal(block.state, 'ready');
  assert.deepEqual([pool.heldBack.has(block), pool.queue.has(block)], [true, false]);
  await acquire.release('an operator has looked');
  assert.equal(pool.queue.has(block), true);
});
