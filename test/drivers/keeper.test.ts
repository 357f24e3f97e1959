import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PortKeeper } from '../../drivers/ports/keeper.ts';
import type { ByteLink, ByteLinkEvents } from '../../src/env/byte-link.ts';
import { limits } from '../../src/limits.ts';
import { ManualClock } from '../manual-clock.ts';
import { contextFor, RecordingLog } from './recording-sink.ts';

/** A keeper of a port that opens at once, whose user hangs up when it has been open for `holdMs`. */
function keep(holdMs: number, proves: () => boolean) {
  const clock = new ManualClock();
  const log = new RecordingLog();
  const opens: number[] = [];
  const open = async ({ onClosed }: ByteLinkEvents): Promise<ByteLink> => {
    opens.push(clock.monotonicMs());
    return { queuedBytes: 0, write: (_, taken) => taken?.(), close: onClosed };
  };
  const keeper: PortKeeper = new PortKeeper(contextFor('', log, { clock }), {
    open,
    onOpen() {
      if (proves()) keeper.proved();
      clock.after(holdMs, () => keeper.hangUp('it does not answer'));
    },
    onData() {},
    onClosed() {},
    onTick() {},
  });
  /** The pauses from each end to the next opening, as far as the clock is turned. */
  const pauses = async (turns: number): Promise<number[]> => {
    // The first opening sets the clock's first timer.
    await new Promise((resolve) => setImmediate(resolve));
    while (opens.length <= turns) await clock.leap(1_000);
    return opens.slice(1, turns + 1).map((atMs, i) => atMs - opens[i]! - holdMs);
  };
  return { keeper, log, pauses };
}

test('a module that never proves itself is tried at growing intervals, however long its port was open', async () => {
  const { keeper, log, pauses } = keep(limits.portSilenceMs, () => false);
  assert.deepEqual(await pauses(9), [100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]);
  assert.deepEqual(
    log.lines.map((line) => line.split(' ')[1]),
    ['module.hung-up', 'module.port-closed'],
  );
  await keeper.close();
});

test('one that has proved itself and was well for a while is tried again at once, and its end is logged each time', async () => {
  const { keeper, log, pauses } = keep(limits.portSilenceMs, () => true);
  assert.deepEqual(await pauses(3), [100, 100, 100]);
  await keeper.close();
  assert(log.lines.filter((line) => line.includes('module.port-closed')).length >= 3);
});

test('one that proves itself and fails at once is tried at growing intervals', async () => {
  const { keeper, pauses } = keep(10, () => true);
  assert.deepEqual(await pauses(4), [100, 200, 400, 800]);
  await keeper.close();
});
