import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AgentError } from '../../src/errors.ts';
import { AnnouncingSupply, type Notifier } from '../../src/ksa/announcing-supply.ts';
import { type Session, Sessions } from '../../src/ksa/sessions.ts';
import type { SupplyOutcome } from '../../src/kx/codec/key-supply.ts';
import { limits } from '../../src/limits.ts';
import { ManualClock } from '../manual-clock.ts';
import { RecordingLog } from './delivery.ts';
import { keyIdOf, RecordingSupply } from './recording-supply.ts';

const PAIR = { masterSaeId: 'app-a', slaveSaeId: 'app-c' };
const REVERSED = 'find app-c>app-a';

/** What the far node answers, and what it was asked. */
class ToldNotifier implements Notifier {
  readonly asked: unknown[] = [];
  answer: () => Promise<SupplyOutcome> = async () => ({ response: 'success', keyIds: [keyIdOf(0)] });

  announce(keys: unknown): Promise<SupplyOutcome> {
    this.asked.push(keys);
    return this.answer();
  }

  choose(asked: unknown): Promise<SupplyOutcome> {
    this.asked.push(asked);
    return this.answer();
  }
}

/** Serves both directions of the pair. */
class BothWays extends RecordingSupply {
  override find(_pair: unknown, keyIds: readonly string[]) {
    this.calls.push(REVERSED);
    return super.find(PAIR, keyIds);
  }
}

function setUp(settings: { pushed?: string[]; plain?: string[]; session?: boolean } = {}) {
  const { pushed = [], plain = [], session = false } = settings;
  const sessions: Session[] = session ? [{ sessionId: 's', pair: PAIR, number: 1, sizeBits: 256 }] : [];
  const supply = new BothWays();
  const notifier = new ToldNotifier();
  const clock = new ManualClock();
  const log = new RecordingLog();
  const known = { pushed: new Set(pushed), plain: new Set(plain), sessions: new Sessions(sessions) };
  return {
    supply,
    notifier,
    clock,
    log,
    announcing: new AnnouncingSupply(known, supply, notifier, clock, log),
  };
}

const announced = {
  destination: 'KME-C',
  master: 'app-a',
  slave: 'app-c',
  keyIds: [keyIdOf(0)],
  sizeBits: 256,
};

for (const [name, settings, notify, expected] of [
  ['announced where the slave is to have everything', { pushed: ['app-c'] }, undefined, [announced]],
  ['announced where the application asks for it', {}, true, [announced]],
  ['not announced where nobody asks for it', {}, undefined, []],
  ['not announced where the application asks for the opposite', { pushed: ['app-c'] }, false, []],
  ['not announced to a plain peer', { pushed: ['app-c'], plain: ['KME-C'] }, undefined, []],
] as const)
  test(`a key is ${name}`, async () => {
    const { pushed = [], plain = [] } = settings as { pushed?: string[]; plain?: string[] };
    const { announcing, notifier } = setUp({ pushed: [...pushed], plain: [...plain] });
    const [key] = await announcing.take(PAIR, 1, 256, notify);
    assert.equal(key?.keyId, keyIdOf(0));
    assert.equal(key?.bytes.wiped, false);
    assert.deepEqual(notifier.asked, expected);
  });

test('a notification that fails is no business of the master', async () => {
  const { announcing, notifier, log } = setUp();
  notifier.answer = () =>
    Promise.reject(new AgentError('host.x', 'disk', { fault: 'host', remedy: 'Mend it.' }));
  assert.equal((await announcing.take(PAIR, 1, 256, true)).length, 1);
  await new Promise(setImmediate);
  assert.ok(log.lines.some((line) => line.startsWith('error supply.not_pushed')));
});

test('status says whether the far node can be notified', () => {
  assert.equal(setUp().announcing.status(PAIR)?.notifies, true);
  assert.equal(setUp({ plain: ['KME-C'] }).announcing.status(PAIR)?.notifies, false);
  assert.equal(setUp({ plain: ['KME-C'], session: true }).announcing.status(PAIR)?.notifies, true);
});

test('in a session the far node is asked, and the keys that it names are found', async () => {
  const { announcing, notifier, supply } = setUp({ session: true });
  const keys = await announcing.take(PAIR, 1, 256);
  assert.deepEqual(notifier.asked, [{ sessionId: 's', destination: 'KME-C', number: 1, sizeBits: 256 }]);
  assert.equal(keys[0]?.keyId, keyIdOf(0));
  assert.equal(supply.calls[0], REVERSED);
});

for (const [name, outcome] of [
  ['a failure', { response: 'application_not_connected', keyIds: [] }],
  ['fewer keys', { response: 'success', keyIds: [] }],
  ['more keys', { response: 'success', keyIds: [keyIdOf(7), keyIdOf(8)] }],
  ['a key that is not there', { response: 'success', keyIds: ['2c4f4c4e-1b1b-4b1b-8b1b-1b1b1b1b1b1b'] }],
] as const)
  test(`where the far node answers with ${name}, the master gets key all the same`, async () => {
    const { announcing, notifier, supply, log } = setUp({ session: true });
    notifier.answer = async () => outcome;
    const [key] = await announcing.take(PAIR, 1, 256);
    assert.equal(key?.bytes.wiped, false);
    assert.ok(supply.calls.at(-1)?.startsWith('take app-a>app-c 1x256'));
    assert.ok(log.lines.some((line) => line.startsWith('warn supply.session_failed')));
  });

test('keys of another size than was asked for are wiped, and the master gets its own', async () => {
  const { announcing, supply } = setUp({ session: true });
  const [key] = await announcing.take(PAIR, 1, 512);
  assert.equal(key?.bytes.length, 64);
  assert.equal(supply.given.length, 2);
  assert.equal(supply.given[0]!.secret.wiped, true);
});

test('requests of one session go one after the other, and those that wait too long get key without it', async () => {
  const { announcing, notifier, supply, clock } = setUp({ session: true });
  let answer = (_: SupplyOutcome) => {};
  notifier.answer = () => new Promise((resolve) => (answer = resolve));
  const first = announcing.take(PAIR, 1, 256);
  const second = announcing.take(PAIR, 1, 256);
  await new Promise(setImmediate);
  assert.equal(notifier.asked.length, 1);
  clock.advance(limits.supplySessionMs);
  assert.equal((await second).length, 1);
  assert.equal(notifier.asked.length, 1);
  answer({ response: 'success', keyIds: [keyIdOf(5)] });
  assert.equal((await first)[0]?.keyId, keyIdOf(5));
  assert.ok(supply.calls.includes('take app-a>app-c 1x256'));
});

test('what the session cannot give is left to the supply to refuse', async () => {
  const { announcing, notifier } = setUp({ session: true });
  await announcing.take(PAIR, 101, 256);
  await announcing.take({ ...PAIR, slaveSaeId: 'nobody' }, 1, 256);
  assert.deepEqual(notifier.asked, []);
});
