import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { ClockWatch } from '../../src/kma/clock-watch.ts';
import { Retention } from '../../src/kma/retention.ts';
import { limits } from '../../src/limits.ts';
import { ago, cameSince } from '../../src/store/since.ts';
import { ManualClock, until } from '../manual-clock.ts';
import { addBlock, closeStore, Lines, openStore, quickDirectoryFor } from '../store/temp-store.ts';

const HOUR = 3_600_000;

function setUp(t: TestContext, directory = quickDirectoryFor(t), clock = new ManualClock()) {
  const log = new Lines();
  const store = openStore(t, directory, { clock, log });
  const watch = new ClockWatch(store, clock, log);
  watch.start();
  const retention = new Retention(store, clock, log, () => watch.doubtful);
  t.after(() => {
    watch.stop();
    retention.stop();
  });
  return { directory, clock, log, store, watch, retention };
}

/** Until the last time is on the disk. */
const settled = ({ clock }: ReturnType<typeof setUp>) => clock.leap(limits.clockTickMs + limits.lazyCommitMs);

test('a clock that goes back while the agent runs is said once, with what to do, until it has caught up', async (t) => {
  const all = setUp(t);
  const { clock, log, watch } = all;
  await settled(all);
  clock.wallAheadMs -= 30 * 60_000;
  await clock.leap(2 * limits.clockTickMs);
  const [line, more] = log.of('clock.back');
  assert.equal(more, undefined);
  assert.equal(line?.level, 'error');
  assert.equal(line.fields['code'], 'host.clock_back');
  assert.match(String(line.fields['reason']), /^the clock went back by 30 minutes, from 2026-01-01T00:/);
  assert.match(watch.warning ?? '', /went back by 30 minutes.*timedatectl/);
  clock.wallAheadMs += 30 * 60_000;
  await clock.leap(2 * limits.clockTickMs);
  assert.equal(watch.warning, undefined);
});

test('a clock that stood years ahead for long, and was set right, is not spoken of for years', async (t) => {
  const all = setUp(t);
  const { clock, watch } = all;
  await settled(all);
  const years = 10 * 365 * 24 * HOUR;
  clock.wallAheadMs += years;
  await clock.leap(2 * limits.clockAheadHoldMs);
  clock.wallAheadMs -= years;
  await clock.leap(2 * limits.clockTickMs);
  assert.match(watch.warning ?? '', /went back/);
  await clock.leap(limits.clockBackToldMs + limits.clockTickMs);
  assert.equal(watch.warning, undefined);
});

test('a clock that went back while the agent did not run is said at its start, and at the next start no more', async (t) => {
  const before = setUp(t);
  await settled(before);
  before.watch.stop();
  await closeStore(before.store);
  before.clock.wallAheadMs -= 2 * HOUR;
  const again = setUp(t, before.directory, before.clock);
  assert.equal(again.log.of('clock.back').length, 1);
  await settled(again);
  again.watch.stop();
  await closeStore(again.store);
  const third = setUp(t, before.directory, before.clock);
  assert.equal(third.log.of('clock.back').length, 0);
});

test('where the clock was set ahead while the agent did not run, the last blocks of before are new all the same', async (t) => {
  const before = setUp(t);
  const link = { origin: 'link' } as const;
  await addBlock(before.store, 1, 8, link);
  await before.clock.leap(3 * limits.clockBackMs);
  await addBlock(before.store, 2, 8, link);
  await addBlock(before.store, 3, 8, { ...link, own: false });
  before.watch.stop();
  await closeStore(before.store);
  before.clock.wallAheadMs += 2 * HOUR;
  const { clock, store } = setUp(t, before.directory, before.clock);
  const { own, theirs } = store.pool('B');
  const suspect = [...own.values(), ...theirs.values()].filter((block) =>
    cameSince(block, ago(limits.suspectBackMs, clock)),
  );
  assert.deepEqual(
    suspect.map(({ number }) => number),
    [2, 3],
  );
});

test('a time that the clock has leapt to is not remembered while it may be false', async (t) => {
  const { clock, store, watch } = setUp(t);
  const remembered = async () => {
    await clock.leap(limits.clockTickMs);
    // With it goes to the disk what was to go there at leisure.
    await store.putMeta('a mark', 'of the test');
    return Number(store.meta('wall_ms'));
  };
  const before = await remembered();
  clock.wallAheadMs += 48 * HOUR;
  assert.equal(await remembered(), before);
  assert.ok(watch.doubtful);
  await clock.leap(limits.clockAheadHoldMs);
  assert.ok((await remembered()) > before + 48 * HOUR);
});

test('a clock that is slewed or set by seconds is nothing to speak of', async (t) => {
  const all = setUp(t);
  for (let i = 0; i < 20; i++) {
    all.clock.wallAheadMs += i % 2 === 0 ? 30_000 : -30_000;
    await all.clock.leap(limits.clockTickMs);
  }
  assert.deepEqual(all.log.of('clock.back').concat(all.log.of('clock.ahead')), []);
});

test('key from before the clock went back is not kept for ever: it has its lifetime from then on', async (t) => {
  const all = setUp(t);
  const { clock, store, retention, watch } = all;
  await addBlock(store, 1, 4, { origin: 'link', state: 'received' });
  retention.start();
  clock.wallAheadMs -= 365 * 24 * HOUR;
  await clock.leap(2 * limits.retentionTickMs);
  // Nothing looks meanwhile.
  retention.stop();
  watch.stop();
  await clock.leap(limits.unansweredMs - 10 * limits.retentionTickMs);
  retention.start();
  await clock.leap(2 * limits.retentionTickMs);
  assert.equal(store.pool('B').own.size, 1);
  await clock.leap(10 * limits.retentionTickMs);
  await until('it expires', () => store.pool('B').own.size === 0);
});

test('a leap ahead destroys nothing while it can still be set right, and then what is that old', async (t) => {
  const all = setUp(t);
  const { clock, log, store, retention, watch } = all;
  for (const number of [1, 3]) await addBlock(store, number, 4);
  await settled(all);
  clock.wallAheadMs += 48 * HOUR;
  watch.stop();
  watch.start();
  retention.start();
  assert.equal(log.of('clock.ahead').length, 1);
  await clock.leap(limits.clockAheadHoldMs / 2);
  assert.equal(store.pool('B').own.size, 2);
  // Set right in time.
  clock.wallAheadMs -= 48 * HOUR;
  await clock.leap(limits.clockAheadHoldMs);
  assert.equal(store.pool('B').own.size, 2);
  // And once more, for good.
  clock.wallAheadMs += 48 * HOUR;
  await clock.leap(2 * limits.clockTickMs);
  assert.equal(store.pool('B').own.size, 2);
  await clock.leap(limits.clockAheadHoldMs);
  await until('it is destroyed', () => store.pool('B').own.size === 0);
});

test('neither a small step back nor a restart ends the doubt of a leap ahead', async (t) => {
  const all = setUp(t);
  const { clock, directory, store, watch } = all;
  await settled(all);
  clock.wallAheadMs += 50 * HOUR;
  assert.equal(watch.doubtful, true);
  clock.wallAheadMs -= 120_000;
  assert.equal(watch.doubtful, true, 'it is still 50 hours wrong');
  await settled(all);
  watch.stop();
  await closeStore(store);
  const again = setUp(t, directory, clock);
  assert.equal(again.watch.doubtful, true, 'after a restart');
  clock.wallAheadMs -= 50 * HOUR;
  assert.equal(again.watch.doubtful, false, 'set right');
  clock.wallAheadMs += 50 * HOUR;
  await clock.leap(limits.clockAheadHoldMs);
  await settled(again);
  again.watch.stop();
  await closeStore(again.store);
  assert.equal(setUp(t, directory, clock).watch.doubtful, false, 'it had its time');
});
