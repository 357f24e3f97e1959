import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Acquire } from '../../src/kma/acquire.ts';
import { limits } from '../../src/limits.ts';
import { systemDisk } from '../../src/node/disk.ts';
import { holdFile } from '../../src/node/hold-file.ts';
import { until } from '../manual-clock.ts';
import { directoryFor } from '../store/temp-store.ts';
import { linkedPair, type TestNode } from './node.ts';

const suspect = (code: string, active: boolean) => ({ code, text: '', active, suspect: active });

async function setUp(t: TestContext) {
  const { world, a, b } = await linkedPair(t);
  const deliver = (number: number, units = 16) =>
    world.deliver(
      [
        [a, 'B'],
        [b, 'A'],
      ],
      number,
      units,
    );
  const stored = (number: number) => () =>
    [a.store.pool('B'), b.store.pool('A')].every(({ own, theirs }) => own.has(number) || theirs.has(number));
  return { world, a, b, deliver, stored, acquire: a.acquires.get('B')! };
}

const states = (node: TestNode, remote: string, numbers: number[]) => {
  const { own, theirs } = node.store.pool(remote);
  return numbers.map((number) => (own.get(number) ?? theirs.get(number))?.state);
};

test('after a suspect alarm new blocks are kept and acknowledged but not used by either end, until an operator releases them', async (t) => {
  const { world, a, b, deliver, stored, acquire } = await setUp(t);
  await world.clock.leap(limits.suspectBackMs);
  acquire.onAlarm(suspect('laser', true));
  for (const number of [0, 1]) deliver(number);
  await until('they are stored', () => stored(0)() && stored(1)());
  await world.clock.leap(2 * limits.reproposeMs);
  assert.deepEqual(states(a, 'B', [0, 1]), ['received', 'received']);
  assert.deepEqual(states(b, 'A', [0, 1]), ['received', 'received']);
  assert.equal(a.store.pool('B').ownLeft, 0);
  assert.deepEqual(acquire.held, { reason: 'alarm laser', blocks: 2 });
  // The end of the alarm is not enough, nor is another connection.
  acquire.onAlarm(suspect('laser', false));
  a.synchronises.get('B')!.onUp();
  await world.clock.leap(limits.reproposeMs);
  assert.deepEqual(states(a, 'B', [0, 1]), ['received', 'received']);
  assert.equal(await acquire.release('an operator said so'), 2);
  await world.clock.leap(limits.reproposeMs);
  const ready = () => [...states(a, 'B', [0, 1]), ...states(b, 'A', [0, 1])].every((one) => one === 'ready');
  await until('they are used', ready);
  assert.equal(acquire.held, null);
});

test('a block whose proof comes after the alarm is not made ready, until the hold is over', async (t) => {
  const { world, a, b, deliver, acquire } = await setUp(t);
  world.net.stalled.add('B>A');
  deliver(0);
  await until('the far end has answered', () => states(b, 'A', [0])[0] === 'ready');
  acquire.onAlarm(suspect('laser', true));
  const peer = a.peers.get('B')!;
  const before = peer.traffic.messagesIn;
  world.net.resume('B>A');
  await until('the answer is here', () => peer.traffic.messagesIn > before);
  // Whatever has been staged by then is done with it.
  await a.store.putMeta('a mark', 'of the test');
  assert.deepEqual(states(a, 'B', [0]), ['received']);
  await acquire.release('an operator said so');
  await until('it is used', () => states(a, 'B', [0])[0] === 'ready');
});

test('a block that waits for its epoch to begin when the alarm comes is not made ready, until the hold is over', async (t) => {
  const { a, b, deliver, acquire } = await setUp(t);
  const slow = Promise.withResolvers<void>();
  const markReady = a.store.markReady.bind(a.store);
  const marking: number[] = [];
  a.store.markReady = async (block, ...which) => {
    marking.push(block.number);
    await slow.promise;
    return markReady(block, ...which);
  };
  for (const number of [0, 2]) deliver(number);
  await until('the far end has answered', () => states(b, 'A', [0, 2]).every((one) => one === 'ready'));
  await until('the epoch begins', () => marking.length > 0);
  acquire.onAlarm(suspect('laser', true));
  slow.resolve();
  await until('it has begun', () => states(a, 'B', [0])[0] === 'ready');
  await a.store.putMeta('a mark', 'of the test');
  assert.deepEqual([marking, states(a, 'B', [2])], [[0], ['received']]);
  await acquire.release('an operator said so');
  await until('it is used', () => states(a, 'B', [2])[0] === 'ready');
});

test('own blocks that came shortly before the alarm are held as well, older ones are not', async (t) => {
  const { world, a, b, acquire } = await setUp(t);
  await world.fillLink(a, b, 2);
  await world.clock.leap(limits.suspectBackMs + 1000);
  await world.fillLink(a, b, 2);
  const pool = a.store.pool('B');
  const left = pool.ownLeft;
  acquire.onAlarm(suspect('laser', true));
  assert.equal(pool.heldBack.size, 1);
  assert.deepEqual(
    [...pool.queue].map(({ number }) => number),
    [0],
  );
  const old = await a.allocator.takePad(pool, pool.ownLeft);
  assert(old?.segments.every(({ number }) => number === 0));
  assert.equal(await a.allocator.takePad(pool, 1), undefined);
  for (const alarm of ['laser', 'other']) acquire.onAlarm(suspect(alarm, true));
  await acquire.release('x');
  assert.equal(pool.ownLeft, left - old!.bytes.view().length / limits.unitBytes);
  assert.notEqual(await a.allocator.takePad(pool, 1), undefined);
});

test('where the rule is the end of the alarm, the last suspect alarm to end releases the blocks', async (t) => {
  const { world, a, deliver, stored } = await setUp(t);
  const acquire = new Acquire('A', 'B', a.store, a.synchronises.get('B')!, a.clock, a.log, {
    releaseAtAlarmEnd: true,
  });
  t.after(() => acquire.stop());
  acquire.onAlarm(suspect('laser', true));
  acquire.onAlarm(suspect('clock', true));
  acquire.onAlarm({ code: 'fan', text: '', active: true });
  deliver(0);
  await until('it is stored', stored(0));
  acquire.onAlarm(suspect('laser', false));
  acquire.onAlarm({ code: 'fan', text: '', active: false });
  await world.clock.leap(limits.reproposeMs);
  assert.notEqual(acquire.held, null);
  assert.deepEqual(states(a, 'B', [0]), ['received']);
  acquire.onAlarm(suspect('clock', false));
  assert.equal(acquire.held, null);
  await until('it is used', () => states(a, 'B', [0])[0] === 'ready');
});

test('an alarm that is not suspect, and the loss of the module, hold and release nothing', async (t) => {
  const { a, acquire } = await setUp(t);
  acquire.onAlarm({ code: 'fan', text: '', active: true });
  assert.equal(acquire.held, null);
  acquire.onAlarm(suspect('laser', true));
  acquire.onLost('unplugged');
  assert.deepEqual(acquire.held, { reason: 'alarm laser', blocks: 0 });
  assert.equal(await acquire.release('x'), 0);
  assert.equal(a.log.of('kma.hold.released').length, 1);
});

test('a held block is destroyed with the others of its pool, and nothing of it comes back', async (t) => {
  const { world, a, b, acquire } = await setUp(t);
  await world.fillLink(a, b, 2);
  const pool = a.store.pool('B');
  acquire.onAlarm(suspect('laser', true));
  const [block] = pool.heldBack;
  await a.store.destroy(block!, 'ordered');
  assert.equal(pool.heldBack.size, 0);
  await acquire.release('x');
  assert.deepEqual([pool.queue.size, pool.ownLeft], [0, 0]);
});

test('a hold outlives the agent: after a restart the blocks are still out of use, until they are released', async (t) => {
  const { world, a, b } = await setUp(t);
  const memory = holdFile(systemDisk, join(directoryFor(t), 'held-B.json'));
  const start = (): Acquire => {
    const synchronise = a.synchronises.get('B')!;
    return new Acquire('A', 'B', a.store, synchronise, a.clock, a.log, { releaseAtAlarmEnd: false, memory });
  };
  const first = start();
  await world.fillLink(a, b, 2);
  first.onAlarm(suspect('laser', true));
  const pool = a.store.pool('B');
  assert.equal(pool.heldBack.size, 1);
  // What the process knew is gone; the file is not.
  a.synchronises.get('B')!.setHeld(false);
  pool.letGo();
  const second = start();
  assert.deepEqual(second.held, { reason: 'alarm laser', blocks: 1 });
  assert.equal(await a.allocator.takePad(pool, 1), undefined);
  assert.equal(await second.release('x'), 1);
  assert.equal(start().held, null);
  assert.notEqual(await a.allocator.takePad(pool, 1), undefined);
});

test('a note of a hold that cannot be understood stops the start, and says what removing it does', (t) => {
  const path = join(directoryFor(t), 'held-B.json');
  writeFileSync(path, '{"reason":');
  assert.throws(() => holdFile(systemDisk, path).load(), { code: 'store.hold_unreadable' });
});

test('a repeated alarm is nothing new: what an operator has released stays released until the alarm ends and comes again', async (t) => {
  const { world, deliver, stored, acquire } = await setUp(t);
  acquire.onAlarm(suspect('laser', true));
  deliver(0);
  await until('it is stored', stored(0));
  await acquire.release('an operator said so');
  acquire.onAlarm(suspect('laser', true));
  await world.clock.leap(limits.reproposeMs);
  const reason = () => acquire.held?.reason ?? 'none';
  assert.equal(reason(), 'none');
  acquire.onAlarm(suspect('laser', false));
  acquire.onAlarm(suspect('laser', true));
  assert.equal(reason(), 'alarm laser');
});
