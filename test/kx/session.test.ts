import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Frame } from '../../src/kx/codec/frame.ts';
import { allocFrame, command, readHeader, setMessageId } from '../../src/kx/codec/header.ts';
import { type Hello, readHello, writeEmpty, writeHello } from '../../src/kx/codec/private-messages.ts';
import { PlainSession } from '../../src/kx/session/plain-session.ts';
import { type Effect, isKeyferryCommand, type Message, Session } from '../../src/kx/session/session.ts';
import { limits } from '../../src/limits.ts';

const { kxHandshakeMs, kxPingMs, kxSilenceMs } = limits;
const a: Hello = { kmaId: 'A', unitBits: 256, storeId: 'store of A' };
const b: Hello = { kmaId: 'B', unitBits: 256, storeId: 'store of B' };

function message(messageId: number, frame: Buffer): Message {
  setMessageId(frame, messageId);
  return Frame.of(frame);
}

const hello = (messageId = 1, said = b) => message(messageId, writeHello(said));
const ping = (messageId: number) => message(messageId, writeEmpty(command.ping));
const other = (messageId: number) => message(messageId, writeEmpty(command.keyRelay));

/** What a session wants done, in short. */
function said(effects: readonly Effect[]): string {
  return effects
    .map((effect) => {
      if (effect.do === 'send') return `send ${readHeader(effect.frame, 0).command.toString(16)}`;
      if (effect.do === 'close') return `close: ${effect.reason}`;
      return effect.do;
    })
    .join(', ');
}

function upAt(nowMs: number): Session {
  const session = new Session(a, 'B', nowMs);
  session.start();
  assert.equal(said(session.receive(hello(), nowMs)), 'up');
  return session;
}

describe('a session begins', () => {
  test('with our greeting', () => {
    const [effect, ...more] = new Session(a, 'B', 0).start();
    assert.ok(effect?.do === 'send' && more.length === 0);
    assert.deepEqual(readHello(effect.frame.subarray(10)), a);
  });

  test('and is up with theirs', () => {
    const session = new Session(a, 'B', 0);
    assert.deepEqual(session.receive(hello(), 1), [{ do: 'up', hello: b }]);
  });

  const refused: [string, Message, RegExp][] = [
    ['from another KMA than the certificate says', hello(1, { ...b, kmaId: 'C' }), /greeted as C/],
    ['with another case of letters', hello(1, { ...b, kmaId: 'b' }), /greeted as b/],
    ['of a KMA that formats key otherwise', hello(1, { ...b, unitBits: 128 }), /128 bit, we by 256/],
    ['that is malformed', message(1, writeEmpty(command.hello)), /malformed greeting/],
    ['that is a key relay', other(1), /before the greeting/],
    ['that is a ping', ping(1), /before the greeting/],
    ['with message ID 0', hello(0), /out of order/],
  ];
  for (const [name, first, reason] of refused)
    test(`and closes on a first message ${name}`, () => {
      assert.match(said(new Session(a, 'B', 0).receive(first, 0)), reason);
    });

  test('and closes when no greeting comes in time', () => {
    const session = new Session(a, 'B', 1000);
    assert.deepEqual(session.tick(1000 + kxHandshakeMs - 1), []);
    assert.equal(said(session.tick(1000 + kxHandshakeMs)), 'close: no greeting came');
  });

  test('only once', () => {
    assert.equal(said(upAt(0).receive(hello(2), 0)), 'close: a second greeting');
  });
});

describe('message IDs', () => {
  test('rise by any step', () => {
    const session = upAt(0);
    for (const messageId of [2, 3, 10, 0xffff_ffff])
      assert.equal(said(session.receive(other(messageId), 0)), 'deliver');
  });

  for (const [name, messageId] of [
    ['come again', 5],
    ['go back', 4],
    ['start anew', 1],
    ['are 0', 0],
  ] as const)
    test(`may not ${name}`, () => {
      const session = upAt(0);
      session.receive(other(5), 0);
      assert.match(said(session.receive(other(messageId), 0)), /out of order/);
      assert.deepEqual(session.receive(other(6), 0), [], 'a closed session says nothing more');
    });

  const kinds: [string, (lastSentId?: number) => Pick<Session, 'nextMessageId'>][] = [
    ['keyferry', (lastSentId) => new Session(a, 'B', 0, lastSentId)],
    ['plain', (lastSentId) => new PlainSession(lastSentId)],
  ];
  for (const [kind, begun] of kinds)
    test(`that we give a ${kind} peer count from 1 and end before they repeat`, () => {
      const session = begun();
      assert.deepEqual([session.nextMessageId(), session.nextMessageId()], [1, 2]);
      const old = begun(0xffff_fffd);
      const last = [1, 2, 3, 4].map(() => old.nextMessageId());
      assert.deepEqual(last, [0xffff_fffe, 0xffff_ffff, undefined, undefined]);
    });
});

describe('messages', () => {
  test('are delivered as they are', () => {
    const relay = other(2);
    assert.deepEqual(upAt(0).receive(relay, 0), [{ do: 'deliver', message: relay }]);
  });

  test('that are pings are answered, whatever they carry', () => {
    const session = upAt(0);
    assert.equal(said(session.receive(ping(2), 0)), 'send 11ff');
    const odd = allocFrame(command.ping, 7);
    odd.write('no JSON', 10);
    assert.equal(said(session.receive(message(3, odd), 0)), 'send 11ff');
  });

  test('that are pings or pongs and come too often close it; the count begins anew with every tick', () => {
    const session = upAt(0);
    let id = 1;
    const chatter = (count: number) => {
      const all: string[] = [];
      for (let i = 0; i < count; i++) {
        id += 1;
        all.push(said(session.receive(i % 2 === 0 ? ping(id) : message(id, writeEmpty(command.pong)), 0)));
      }
      return all.join();
    };
    assert.doesNotMatch(chatter(limits.kxPingsPerTickMax), /close/);
    session.tick(limits.kxTickMs);
    assert.doesNotMatch(chatter(limits.kxPingsPerTickMax), /close/);
    assert.match(chatter(1), /close: pings came too often/);
  });

  test('that are pongs need no answer', () => {
    assert.deepEqual(upAt(0).receive(message(2, writeEmpty(command.pong)), 0), []);
  });

  test('of all ten commands may come, and of no others', () => {
    const codes = [0x1101, 0x1102, 0x1103, 0x1104, 0x11f0, 0x11f1, 0x11f2, 0x11f3, 0x11fe, 0x11ff];
    for (let code = 0; code <= 0xffff; code++) assert.equal(isKeyferryCommand(code), codes.includes(code));
  });
});

describe('liveness', () => {
  test('asks for a sign of life when none came for a while, and once in each such while', () => {
    const session = upAt(0);
    assert.equal(said(session.tick(kxPingMs - 1)), '');
    assert.equal(said(session.tick(kxPingMs)), 'send 11fe');
    assert.equal(said(session.tick(kxPingMs + 1)), '');
    assert.equal(said(session.tick(2 * kxPingMs - 1)), '');
    assert.equal(said(session.tick(2 * kxPingMs)), 'send 11fe');
  });

  test('closes after too long a silence', () => {
    const session = upAt(0);
    session.tick(kxPingMs);
    assert.equal(said(session.tick(kxSilenceMs - 1)), 'send 11fe');
    assert.equal(said(session.tick(kxSilenceMs)), 'close: the peer has fallen silent');
    assert.deepEqual(session.tick(kxSilenceMs * 2), []);
  });

  test('takes any message for a sign of life', () => {
    const session = upAt(0);
    for (let i = 1; i <= 10; i++) {
      const now = i * (kxPingMs - 1);
      assert.equal(said(session.receive(other(i + 1), now)), 'deliver');
      assert.equal(said(session.tick(now + kxPingMs - 1)), '');
    }
  });

  test('holds for as long as pings are answered', () => {
    const session = upAt(0);
    let messageId = 1;
    for (let now = 0; now <= 10 * kxSilenceMs; now += limits.kxTickMs) {
      const effects = said(session.tick(now));
      assert.ok(effects === '' || effects === 'send 11fe', effects);
      if (effects === '') continue;
      messageId += 1;
      assert.deepEqual(session.receive(message(messageId, writeEmpty(command.pong)), now + 200), []);
    }
    assert.ok(messageId > 20);
  });
});
