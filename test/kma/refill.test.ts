import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Refill, type WaterMarks } from '../../src/kma/refill.ts';
import { limits } from '../../src/limits.ts';
import { until } from '../manual-clock.ts';
import { Applications } from './applications.ts';
import { row, type TestNode } from './node.ts';

function refill(t: TestContext, { store, routes, relay, clock }: TestNode, marks: WaterMarks): Refill {
  const filling = new Refill('C', marks, { store, routes, source: relay.source, clock });
  t.after(() => filling.stop());
  filling.start();
  return filling;
}

/** A node whose pool for C has been filled to 100, with 50 as its low mark. */
async function filledRow(t: TestContext) {
  const { world, a } = await row(t, 8);
  refill(t, a, { low: 50, high: 100 });
  const pool = a.store.pool('C');
  await until('it is filled', () => pool.ownLeft === 100);
  return { world, a, pool };
}

test('an empty pool is filled up to the high water mark and no further', async (t) => {
  const { world, a } = await row(t, 8);
  refill(t, a, { low: 50, high: 120 });
  await until('it is filled', () => a.store.pool('C').ownLeft >= 120);
  await world.clock.leap(10 * limits.refillTickMs);
  assert.equal(a.store.pool('C').ownLeft, 120);
});

test('between the marks nothing happens; below the low one it is filled again', async (t) => {
  const { world, a, pool } = await filledRow(t);
  await a.allocator.takeKeys(pool, 45, 1);
  await world.clock.leap(10 * limits.refillTickMs);
  assert.equal(pool.ownLeft, 55);
  await a.allocator.takeKeys(pool, 6, 1);
  await until('it is filled again', () => pool.ownLeft === 100);
});

test('between the marks it is filled, too, when somebody asks for more than there is', async (t) => {
  const { world, a, pool } = await filledRow(t);
  await a.allocator.takeKeys(pool, 30, 1);
  const { supply } = new Applications(a, { homes: { 'app-a': 'A', 'app-c': 'C' } });
  const take = () => supply.take({ masterSaeId: 'app-a', slaveSaeId: 'app-c' }, 80, 256);
  await assert.rejects(take(), { code: 'kma.pool_empty' });
  await world.clock.leap(2 * limits.refillTickMs);
  await until('it is filled up', () => pool.ownLeft === 100);
  for (const { bytes } of await take()) bytes.wipe();
});

test('a reserve of pad stays on the link', async (t) => {
  const { world, a } = await row(t, 2, 256);
  refill(t, a, { low: 1000, high: 1000 });
  const link = a.store.pool('B');
  await until('the pad is used up', () => link.ownLeft <= limits.padReserveUnits + 4);
  await world.clock.leap(20 * limits.refillTickMs);
  assert.ok(link.ownLeft >= limits.padReserveUnits - 2, `${link.ownLeft} KMA-keys are left`);
  await until('it is filled', () => a.store.pool('C').ownLeft > 150);
  assert.equal(a.relay.source.stats.failed, 0);
});

test('links of many small blocks give pads that do not ask for too many pieces', async (t) => {
  const { a } = await row(t, 110, 8);
  refill(t, a, { low: 220, high: 220 });
  await until('it is filled', () => a.store.pool('C').ownLeft === 220);
  assert.equal(a.relay.source.stats.failed, 0);
});

test('failures are answered with patience that grows, and end with the first success', async (t) => {
  const { world, a, b, c } = await row(t, 8);
  await c.stop();
  await until('it is gone', () => !b.peers.get('C')!.up);
  refill(t, a, { low: 10, high: 10 });
  const { stats } = a.relay.source;
  await until('it fails', () => stats.failed >= 1);
  await world.clock.leap(8_000);
  assert.ok(stats.requests >= 3 && stats.requests <= 6, `${stats.requests} requests in eight seconds`);
  const warned = () => a.log.of('kma.relay.failed').filter(({ level }) => level === 'warn').length;
  assert.equal(warned(), 1);
  const again = world.node(
    'C',
    { neighbours: ['B'], linked: ['B'], routes: [{ destination: 'A', via: ['B'] }] },
    c.directory,
  );
  again.start();
  // The other end waits longer and longer before it dials.
  await Promise.all([again.up(), world.clock.leap(limits.dialBackOffMsMax)]);
  await world.clock.leap(limits.refillBackOffMsMax - 7_000);
  await until('it is filled', () => a.store.pool('C').ownLeft === 10);
  assert.equal(a.log.of('kma.relay.works_again').length, 1);
});
