import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Hold, HoldMemory } from '../../src/env/hold-memory.ts';
import { Acquire } from '../../src/kma/acquire.ts';
import { limits } from '../../src/limits.ts';
import { systemDisk } from '../../src/node/disk.ts';
import { holdFile } from '../../src/node/hold-file.ts';
import { ago } from '../../src/store/since.ts';
import { until } from '../manual-clock.ts';
import { addBlock, directoryFor, failNext } from '../store/temp-store.ts';
import { linkedPair, type TestNode } from './node.ts';

const laser = (active: boolean) => ({ code: 'laser', text: '', active, suspect: active });

/** A and B with four blocks that are older than an alarm makes suspect, and four that are not. */
async function setUp(
  t: TestContext,
  destroysSuspect: boolean,
  release: 'operator' | 'alarm_end' = 'operator',
) {
  const { world, a, b } = await linkedPair(t);
  const told: string[] = [];
  const memory = holdFile(systemDisk, join(directoryFor(t), 'held-B.json'));
  const start = (): Acquire =>
    new Acquire('A', 'B', a.store, a.synchronises.get('B')!, a.clock, a.log, {
      releaseAtAlarmEnd: release === 'alarm_end',
      destroysSuspect,
      memory,
      onDestroyed: () => told.push('B'),
    });
  const acquire = start();
  a.acquires.set('B', acquire);
  t.after(() => acquire.stop());
  await world.fillLink(a, b, 4);
  await world.clock.leap(limits.suspectBackMs + 1_000);
  await world.fillLink(a, b, 4);
  return { world, a, b, acquire, start, told };
}

const numbers = (node: TestNode, remote: string) =>
  [...node.store.pool(remote).own.keys(), ...node.store.pool(remote).theirs.keys()].sort((x, y) => x - y);

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
