import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Acquire } from '../../src/kma/acquire.ts';
import { limits } from '../../src/limits.ts';
import { systemDisk } from '../../src/node/disk.ts';
import { holdFile } from '../../src/node/hold-file.ts';
import { until } from '../manual-clock.ts';
import { directoryFor } from '../store/temp-store.ts';
import { linkedPair } from './node.ts';

const info = { moduleId: 'm', linkId: 'l', role: 'tx', firmwareVersion: '1' } as const;
const lid = (active: boolean) => ({ code: 'lid', text: '', active, suspect: true });

/** A link whose module has told an alarm, which ends by itself. */
async function alarmed(t: TestContext, releaseAtAlarmEnd = true) {
  const { world, a } = await linkedPair(t);
  const directory = directoryFor(t);
  const memory = holdFile(systemDisk, join(directory, 'held-B.json'));
  const again = () => {
    const options = { releaseAtAlarmEnd, memory };
    const synchronise = a.synchronises.get('B')!;
    const acquire = new Acquire('A', 'B', a.store, synchronise, world.clock, a.log, options);
    t.after(() => acquire.stop());
    return acquire;
  };
  const acquire = again();
  acquire.onOpen(info);
  acquire.onAlarm(lid(true));
  assert.notEqual(acquire.held, null);
  return { world, acquire, again };
}

test('a hold is over when the module, opened anew, does not tell its alarm again', async (t) => {
  const { world, acquire } = await alarmed(t);
  acquire.onLost('unplugged');
  await world.clock.leap(10 * limits.alarmsToldMs);
  assert.notEqual(acquire.held, null, 'while it is away nobody knows');
  acquire.onOpen(info);
  await world.clock.leap(limits.alarmsToldMs - 1_000);
  assert.notEqual(acquire.held, null);
  await world.clock.leap(1_000);
  await until('it is over', () => acquire.held === null);
});

test('one that is told again goes on, and so does one that an operator has to end', async (t) => {
  const { world, acquire } = await alarmed(t);
  acquire.onOpen(info);
  acquire.onAlarm(lid(true));
  await world.clock.leap(2 * limits.alarmsToldMs);
  assert.notEqual(acquire.held, null);
  const other = await alarmed(t, false);
  other.acquire.onOpen(info);
  await other.world.clock.leap(2 * limits.alarmsToldMs);
  assert.notEqual(other.acquire.held, null);
});

test('a hold that the agent remembers over a restart ends the same way', async (t) => {
  const { world, acquire, again } = await alarmed(t);
  acquire.stop();
  const restarted = again();
  assert.notEqual(restarted.held, null);
  restarted.onOpen(info);
  await world.clock.leap(limits.alarmsToldMs);
  await until('it is over', () => restarted.held === null);
});
