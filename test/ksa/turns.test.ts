import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Turns } from '../../src/ksa/turns.ts';
import { ManualClock } from '../manual-clock.ts';

const settings = { atOnce: 2, waitingMax: 2, waitMs: 100 };

test('so many go at once, others wait in order, and those who would make the line too long are turned away', async () => {
  const turns = new Turns(new ManualClock(), settings);
  assert.deepEqual([await turns.take(), await turns.take()], [true, true]);
  const order: string[] = [];
  const third = turns.take().then((yes) => order.push(`third ${yes}`));
  const fourth = turns.take().then((yes) => order.push(`fourth ${yes}`));
  assert.equal(await turns.take(), false);
  turns.give();
  await third;
  assert.deepEqual(order, ['third true']);
  turns.give();
  await fourth;
  assert.deepEqual(order, ['third true', 'fourth true']);
  turns.give();
  turns.give();
  assert.deepEqual([await turns.take(), await turns.take()], [true, true], 'all turns have come back');
});

test('who has waited too long is told so, and gets no turn that another could have', async () => {
  const clock = new ManualClock();
  const turns = new Turns(clock, { ...settings, atOnce: 1 });
  assert.equal(await turns.take(), true);
  const second = turns.take();
  clock.advance(60);
  const third = turns.take();
  clock.advance(40);
  assert.equal(await second, false);
  turns.give();
  assert.equal(await third, true);
  turns.give();
  assert.equal(await turns.take(), true);
});
