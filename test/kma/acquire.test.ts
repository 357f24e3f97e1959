import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Acquire, type AcquireOptions } from '../../src/kma/acquire.ts';
import { Synchronise } from '../../src/kma/synchronise.ts';
import { Peer } from '../../src/kx/peer/peer.ts';
import { limits } from '../../src/limits.ts';
import { SecretBytes } from '../../src/secret/secret-bytes.ts';
import { MemoryNet } from '../kx/memory-net.ts';
import { ManualClock, until } from '../manual-clock.ts';
import { addBlock, directoryFor, fillDisk, keyOf, Lines, openStore } from '../store/temp-store.ts';

const info = { moduleId: 'm', linkId: 'l', role: 'tx', firmwareVersion: '1' } as const;

/** The acquirer of node A for its link with B, which is not connected. */
function setUp(t: TestContext, options: Partial<AcquireOptions> = {}) {
  const clock = new ManualClock().run(t);
  const log = new Lines();
  const store = openStore(t, directoryFor(t), { clock, log });
  const self = { kmaId: 'A', unitBits: 256, storeId: store.storeId };
  const events = { onUp() {}, onMessage() {} };
  const transport = new MemoryNet().transport('A');
  const peer = new Peer({ kmaId: 'B', self, address: undefined, transport, clock, log, events });
  const acquire = new Acquire('A', 'B', store, new Synchronise('A', peer, store, clock, log), clock, log, {
    releaseAtAlarmEnd: false,
    ...options,
  });
  t.after(() => acquire.stop());
  acquire.onOpen(info);
  return { clock, log, store, acquire };
}

/** Delivers a block and says what became of it. */
function deliver(acquire: Acquire, number: number, bytes: SecretBytes | number) {
  const delivery = {
    answer: '',
    bytes: typeof bytes === 'number' ? keyOf(number, bytes) : bytes,
    answered: (): boolean => delivery.answer !== '',
    over: (): boolean => delivery.bytes.wiped,
  };
  const say = (what: string) => {
    assert.equal(delivery.answer, '', 'a block is answered once');
    delivery.answer = what;
  };
  acquire.onBlock(
    { number, bytes: delivery.bytes },
    { stored: () => say('stored'), refused: (why) => say(`refused: ${why}`) },
  );
  return delivery;
}

test('a block is acknowledged when it is durable, not before, and its bytes are wiped', async (t) => {
  const { store, acquire } = setUp(t);
  const delivery = deliver(acquire, 7, 10);
  while (store.commit.commits === 0) {
    assert.equal(delivery.answer, '');
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal(delivery.answer, '');
  await until('it is answered', delivery.answered);
  assert.equal(delivery.answer, 'stored');
  assert.equal(store.known('B', false, 7), true);
  await until('it is wiped', delivery.over);
});

test('what is over after whole KMA-keys is counted and not kept', async (t) => {
  const { store, acquire } = setUp(t);
  const bytes = SecretBytes.copyOf(
    keyOf(0, 5)
      .view()
      .subarray(0, 4 * limits.unitBytes + 31),
  );
  await until('it is answered', deliver(acquire, 0, bytes).answered);
  assert.equal(store.pool('B').own.get(0)?.units, 4);
  assert.deepEqual(
    { ...acquire.stats },
    { blocks: 1, bytes: 159, remainderBytes: 31, again: 0, refused: 0, surplus: 0, evicted: 0, opened: 1 },
  );
});

test('a block that comes again is acknowledged again and stored once, also while it is on its way in', async (t) => {
  const { store, acquire } = setUp(t);
  const both = [deliver(acquire, 4, 8), deliver(acquire, 4, 8)];
  await until('both are answered', () => both.every((one) => one.answered()));
  assert.deepEqual(
    both.map(({ answer }) => answer),
    ['stored', 'stored'],
  );
  assert.deepEqual([acquire.stats.blocks, acquire.stats.again, store.pool('B').heldUnits], [1, 1, 8]);
});

for (const units of [0, 1, 2, 3])
  test(`a block of ${units} KMA-keys is refused`, async (t) => {
    const { acquire, store } = setUp(t);
    const delivery = deliver(acquire, 1, units);
    await until('it is answered', delivery.answered);
    assert.match(delivery.answer, /^refused: shorter/);
    assert.equal(store.pool('B').heldUnits, 0);
    await until('it is wiped', delivery.over);
  });

test('a block that is too long, or whose number is long gone, is refused', async (t) => {
  const { acquire, store } = setUp(t);
  await addBlock(store, 2 * limits.blockNumberWindow, 4, { origin: 'link' });
  const long = deliver(
    acquire,
    2 * limits.blockNumberWindow + 1,
    SecretBytes.alloc(limits.bridgeBlockBytesMax + 1),
  );
  const gone = deliver(acquire, 2, 8);
  await until('both are answered', () => long.answered() && gone.answered());
  assert.match(long.answer, /^refused: longer/);
  assert.match(gone.answer, /^refused: .*far behind/);
  assert.equal(acquire.stats.refused, 2);
});

test('a direction that is full gives its blocks up, and the other goes on', async (t) => {
  const { acquire, store } = setUp(t);
  const { held } = store.pool('B');
  const half = limits.poolBytesUsual / limits.unitBytes / 2;
  held.own += half;
  const surplus = deliver(acquire, 4, 8);
  const other = deliver(acquire, 5, 8);
  await until('both are answered', () => surplus.answered() && other.answered());
  assert.match(surplus.answer, /^refused: .*full/);
  assert.equal(other.answer, 'stored');
  assert.equal(surplus.bytes.wiped, true);
  assert.deepEqual([acquire.stats.surplus, acquire.stats.refused], [1, 0]);
  assert.equal(store.known('B', true, 4), false);
  held.own -= half;
  const next = deliver(acquire, 6, 8);
  await until('it is answered', next.answered);
  assert.equal(next.answer, 'stored');
});

test('where it is configured so, a full direction makes room by destroying what is oldest; of theirs only what is done with', async (t) => {
  const { acquire, store } = setUp(t);
  const pool = store.pool('B');
  pool.policy = { ...pool.policy, maxUnits: 32, whenFull: 'oldest_first' };
  for (const number of [2, 4]) await addBlock(store, number, 8);
  for (const number of [3, 5]) await addBlock(store, number, 8, { own: false });
  const own = deliver(acquire, 6, 8);
  const theirs = deliver(acquire, 7, 8);
  await until('both are answered', () => own.answered() && theirs.answered());
  assert.equal(own.answer, 'stored');
  assert.match(theirs.answer, /^refused: .*full/);
  assert.deepEqual([...pool.own.keys()], [4, 6]);
  pool.theirFloor = 5;
  const later = deliver(acquire, 9, 8);
  await until('it is answered', later.answered);
  assert.equal(later.answer, 'stored');
  assert.deepEqual([...pool.theirs.keys()], [5, 9]);
  assert.equal(acquire.stats.evicted, 2);
});

test('a disk that fails is tried again, which is logged once, and the module is told when the block is safe', async (t) => {
  const { acquire, store, log, clock } = setUp(t);
  const makeRoom = await fillDisk(store);
  const delivery = deliver(acquire, 4, 500);
  await until('it fails', () => log.of('kma.block.not_stored').length > 0);
  await clock.leap(3 * limits.insertRetryMs);
  assert.equal(log.of('kma.block.not_stored').length, 1);
  assert.equal(delivery.answer, '');
  makeRoom();
  await clock.leap(limits.insertRetryMs);
  await until('it is answered', delivery.answered);
  assert.equal(delivery.answer, 'stored');
});

for (const [what, change] of [
  ['is opened anew', (acquire: Acquire) => acquire.onOpen(info)],
  ['is lost', (acquire: Acquire) => acquire.onLost('unplugged')],
  ['is stopped', (acquire: Acquire) => acquire.stop()],
] as const)
  test(`what waits when the module ${what} is wiped and never answered`, async (t) => {
    const { acquire, store, clock, log } = setUp(t);
    const makeRoom = await fillDisk(store);
    const waiting = deliver(acquire, 4, 500);
    await until('it fails', () => log.of('kma.block.not_stored').length > 0);
    change(acquire);
    makeRoom();
    await clock.leap(2 * limits.insertRetryMs);
    await until('it is wiped', waiting.over);
    assert.equal(waiting.answer, '');
    assert.equal(store.known('B', true, 4), false);
  });

test('alarms are kept by code up to a bound, and are gone with the module', (t) => {
  const { acquire } = setUp(t);
  for (let i = 0; i < 3 * limits.alarmsMax; i++) acquire.onAlarm({ code: `a${i}`, text: 'x', active: true });
  assert.equal(acquire.alarms.size, limits.alarmsMax);
  acquire.onAlarm({ code: 'a1', text: 'x', active: false });
  assert.equal(acquire.alarms.size, limits.alarmsMax - 1);
  acquire.onLost('unplugged');
  assert.equal(acquire.alarms.size, 0);
  assert.deepEqual([acquire.info, acquire.lastLost], [undefined, 'unplugged']);
});

test('where the QBER decides, blocks wait for the first telemetry of an opening, and are judged by that', async (t) => {
  const { acquire } = setUp(t, { qberMax: 0.05 });
  const early = [deliver(acquire, 1, 10), deliver(acquire, 2, 10)];
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.ok(early.every(({ answer }) => answer === ''));
  acquire.onTelemetry({ qber: 0.02 });
  await until('they are answered', () => early.every((one) => one.answered()));
  assert.deepEqual(
    early.map(({ answer }) => answer),
    ['stored', 'stored'],
  );
  acquire.onOpen(info);
  const bad = deliver(acquire, 3, 10);
  acquire.onTelemetry({ qber: 0.08 });
  await until('it is answered', bad.answered);
  assert.match(bad.answer, /^refused: its quantum bit error rate of 0\.08/);
});

test('of a module that says no QBER for too long, blocks are refused; one that waited when the line went comes again', async (t) => {
  const { clock, store, acquire } = setUp(t, { qberMax: 0.05 });
  const lost = deliver(acquire, 1, 10);
  acquire.onLost('unplugged');
  await until('it is wiped', lost.over);
  assert.equal(lost.answer, '');
  assert.ok(!store.known('B', true, 1) && !store.known('B', false, 1));
  acquire.onOpen(info);
  const waits = deliver(acquire, 2, 10);
  clock.advance(limits.firstQberMs);
  await until('it is answered', waits.answered);
  assert.match(waits.answer, /^refused: its quantum bit error rate is not known/);
  const next = deliver(acquire, 3, 10);
  await until('the next one at once', next.answered);
});

test('a block that waits for the QBER when suspect key is discarded is refused', async (t) => {
  const { store, acquire } = setUp(t, { qberMax: 0.05 });
  for (const active of [true, false]) acquire.onAlarm({ code: 'laser', text: '', active, suspect: true });
  const waits = deliver(acquire, 1, 10);
  const discarding = acquire.discard('an operator does not trust it');
  acquire.onTelemetry({ qber: 0.02 });
  await discarding;
  assert.match(waits.answer, /^refused: an alarm has made the key of this link suspect/);
  assert.equal(acquire.held, null);
  assert.ok(!store.known('B', true, 1) && !store.known('B', false, 1));
});

test('a module whose numbers begin anew is told of once in an opening', async (t) => {
  const { log, acquire } = setUp(t);
  const send = async () => {
    const all = Array.from({ length: limits.repeatedBlocksMax + 6 }, (_, i) => deliver(acquire, i, 10));
    await until('they are answered', () => all.every((one) => one.answered()));
  };
  await send();
  assert.equal(log.of('module.numbers_repeat').length, 0);
  await send();
  assert.equal(log.of('module.numbers_repeat').length, 1);
});
