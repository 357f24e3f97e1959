import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Hold, HoldMemory } from '../../src/env/hold-memory.ts';
import { Acquire } from '../../src/kma/acquire.ts';
import { limits } from '../../src/limits.ts';
import { until } from '../manual-clock.ts';
import { addBlock } from '../store/temp-store.ts';

import { laser, numbers, setUp } from './suspect-pair.ts';

test('a discard ends the hold only when a block that was on its way into the store is durably gone', async (t) => {
  const { world, a, b, acquire } = await setUp(t, false);
  acquire.stop();
  const pool = a.store.pool('B');
  const atTheEnd: string[] = [];
  const memory: HoldMemory = {
    load: () => undefined,
    save(hold) {
      const block = a.store.inventory.blocks(pool).find(({ number }) => number === 8);
      if (hold === undefined) atTheEnd.push(block?.state ?? 'not there');
    },
  };
  const settings = { releaseAtAlarmEnd: false, memory };
  const held = new Acquire('A', 'B', a.store, a.synchronises.get('B')!, a.clock, a.log, settings);
  t.after(() => held.stop());
  a.acquires.set('B', held);
  held.onAlarm(laser(true));
  held.onAlarm(laser(false));
  world.deliver(
    [
      [a, 'B'],
      [b, 'A'],
    ],
    8,
    16,
  );
  assert.equal(await held.discard('an operator does not trust it'), 4);
  assert.deepEqual([held.held, atTheEnd, held.refusals.suspect], [null, ['destroyed'], 1]);
});

test('what the disk does not let go of is tried again once at a time, however often it was to be destroyed', async (t) => {
  const { world, a, acquire } = await setUp(t, false);
  acquire.onAlarm(laser(true));
  const { mock } = t.mock.method(a.store, 'destroy', () => Promise.reject(new Error('no room')));
  for (let times = 0; times < 3; times++) await assert.rejects(acquire.discard('x'), /no room/);
  for (let period = 0; period < 3; period++) {
    const before = mock.callCount();
    await world.clock.leap(limits.destroyRetryMs);
    assert.equal(mock.callCount() - before, 4);
  }
});

test('a hold that could not be remembered is remembered when it can be', async (t) => {
  const { world, a, acquire } = await setUp(t, false);
  acquire.stop();
  let full = true;
  const saved: (Hold | undefined)[] = [];
  const memory: HoldMemory = {
    load: () => undefined,
    save(hold) {
      if (full) throw new Error('ENOSPC: no space left on device');
      saved.push(hold);
    },
  };
  const settings = { releaseAtAlarmEnd: false, memory };
  const held = new Acquire('A', 'B', a.store, a.synchronises.get('B')!, a.clock, a.log, settings);
  t.after(() => held.stop());
  held.onAlarm(laser(true));
  await world.clock.leap(limits.destroyRetryMs + 1_000);
  assert.equal(a.log.of('kma.hold.not_remembered').length, 2);
  full = false;
  await world.clock.leap(3 * limits.destroyRetryMs);
  assert.deepEqual(
    saved.map((hold) => hold?.reason),
    ['alarm laser'],
  );
  // Whoever takes the link over after a reload sees to it as well.
  held.stop();
  const next = { releaseAtAlarmEnd: false, memory: { ...memory, load: () => saved[0] } };
  t.after(() => again.stop());
  const again = new Acquire('A', 'B', a.store, a.synchronises.get('B')!, a.clock, a.log, next);
  assert.deepEqual([again.held?.reason, saved.length], ['alarm laser', 2]);
});

test('a hold whose end could not be remembered goes on', async (t) => {
  const { a, acquire } = await setUp(t, false);
  acquire.stop();
  let full = false;
  const memory: HoldMemory = {
    load: () => undefined,
    save() {
      if (full) throw new Error('ENOSPC: no space left on device');
    },
  };
  const settings = { releaseAtAlarmEnd: false, memory };
  const held = new Acquire('A', 'B', a.store, a.synchronises.get('B')!, a.clock, a.log, settings);
  t.after(() => held.stop());
  held.onAlarm(laser(true));
  held.onAlarm(laser(false));
  full = true;
  await assert.rejects(held.release('an operator has looked'), /ENOSPC/);
  assert.deepEqual([held.held?.reason, a.store.pool('B').heldBack.size > 0], ['alarm laser', true]);
  full = false;
  await held.release('an operator has looked');
  assert.deepEqual([held.held, a.store.pool('B').heldBack.size], [null, 0]);
});

test('a discard does not end a hold that began when it was under way', async (t) => {
  const { acquire } = await setUp(t, false);
  acquire.onAlarm(laser(true));
  acquire.onAlarm(laser(false));
  const discarding = acquire.discard('an operator does not trust it');
  await acquire.release('another has looked');
  for (const active of [true, false]) acquire.onAlarm({ ...laser(true), code: 'lid', active });
  await discarding;
  assert.equal(acquire.held?.reason, 'alarm lid');
});

test('while the alarm lasts what is held may be discarded, and the hold stays', async (t) => {
  const { world, a, b, acquire } = await setUp(t, false);
  acquire.onAlarm(laser(true));
  assert.equal(await acquire.discard('an operator does not trust it'), 4);
  assert.notEqual(acquire.held, null);
  world.deliver(
    [
      [a, 'B'],
      [b, 'A'],
    ],
    8,
    16,
  );
  await until('it is stored', () => a.store.pool('B').own.has(8));
  await world.clock.leap(limits.reproposeMs);
  assert.equal(a.store.pool('B').own.get(8)?.state, 'received');
});

test('key that is relayed to the other end of a link is none of the hold', async (t) => {
  const { a, acquire } = await setUp(t, false);
  const pool = a.store.pool('B');
  const before = pool.ownLeft;
  acquire.onAlarm(laser(true));
  await addBlock(a.store, 1_001, 16, { remote: 'B', own: true, origin: 'relay', epoch: pool.ownEpoch! });
  assert.equal(pool.heldBack.has(pool.own.get(1_001)!), false);
  acquire.onAlarm(laser(false));
  assert.equal(await acquire.discard('an operator does not trust it'), 4);
  assert.ok(pool.own.has(1_001));
  assert.ok(before > 0);
});

test('where the rule is to hold, an operator may discard what is held', async (t) => {
  const { a, acquire, told } = await setUp(t, false);
  acquire.onAlarm(laser(true));
  assert.deepEqual(numbers(a, 'B'), [0, 1, 2, 3, 4, 5, 6, 7]);
  acquire.onAlarm(laser(false));
  assert.equal(await acquire.discard('an operator does not trust it'), 4);
  assert.equal(acquire.held, null);
  assert.deepEqual(numbers(a, 'B'), [0, 1, 2, 3]);
  await until('the other end is told', () => told.length === 1);
  assert.equal(await acquire.discard('again'), 0);
});
