import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { PausableLink } from '../../src/env/byte-link.ts';
import { command, setMessageId, writeHeader } from '../../src/kx/codec/header.ts';
import { writeEmpty, writeHello } from '../../src/kx/codec/private-messages.ts';
import { Connection } from '../../src/kx/peer/connection.ts';
import { limits } from '../../src/limits.ts';
import { ManualClock } from '../manual-clock.ts';

/** A link whose other end is the test: it takes what is written only when told. */
class Wire implements PausableLink {
  queuedBytes = 0;
  paused = false;
  closed: string | undefined;
  #taken: (() => void)[] = [];

  write(bytes: Uint8Array, taken: () => void): void {
    this.queuedBytes += bytes.length;
    this.#taken.push(taken);
  }
  pause() {
    this.paused = true;
  }

  resume() {
    this.paused = false;
  }

  close(reason: string) {
    this.closed ??= reason;
  }

  take(): void {
    this.queuedBytes = 0;
    for (const taken of this.#taken.splice(0)) taken();
  }
}

class Line {
  readonly clock = new ManualClock();
  readonly wire = new Wire();
  /** Ends the work on the oldest message that is being worked on. */
  readonly working: (() => void)[] = [];
  readonly connection: Connection;
  messages = 0;
  down: string | undefined;
  #messageId = 1;

  constructor(plain = false) {
    const self = { kmaId: 'A', unitBits: 256, storeId: 'store' };
    const events = {
      onUp: () => {},
      onMessage: () => {
        this.messages += 1;
        return new Promise<void>((resolve) => void this.working.push(resolve));
      },
      onDown: (reason: string) => {
        this.down = reason;
      },
    };
    this.connection = new Connection(this.clock, this.wire, self, 'B', events, plain);
    this.connection.start();
    const hello = writeHello({ ...self, kmaId: 'B', storeId: 'other' });
    setMessageId(hello, 1);
    if (!plain) this.connection.onData(hello);
    this.wire.take();
  }

  message(): Buffer {
    const frame = writeEmpty(command.keyRelay);
    this.#messageId += 1;
    setMessageId(frame, this.#messageId);
    return frame;
  }

  /** Turns the clock a tick at a time; `each` plays the peer. */
  turn(ms: number, each: () => void = () => {}): void {
    for (let at = 0; at < ms && this.down === undefined; at += limits.kxTickMs) {
      each();
      this.clock.advance(limits.kxTickMs);
    }
  }

  async finish(count: number): Promise<void> {
    for (const done of this.working.splice(0, count)) done();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('a message that is begun', () => {
  for (const plain of [false, true])
    test(`and never finished ends a ${plain ? 'plain' : 'keyferry'} connection in time, though its bytes dribble in`, () => {
      for (const begun of [3, 200]) {
        const line = new Line(plain);
        const frame = Buffer.alloc(1_000);
        writeHeader(frame, 7, command.keyRelay, 990);
        let at = 0;
        line.connection.onData(frame.subarray(0, begun));
        at = begun;
        line.turn(limits.kxFrameMs - limits.kxTickMs, () => {
          line.connection.onData(Buffer.from(frame.subarray(at, at + 1)));
          line.wire.take();
          at += 1;
        });
        assert.equal(line.down, undefined);
        line.turn(2 * limits.kxTickMs);
        assert.match(line.down ?? '', /did not finish/);
      }
    });

  test('may take its time as long as it ends: the next one has its own', () => {
    const line = new Line();
    for (let i = 0; i < 5; i++) {
      const frame = line.message();
      line.connection.onData(Buffer.from(frame.subarray(0, 5)));
      line.turn(limits.kxFrameMs - limits.kxTickMs, () => line.wire.take());
      line.connection.onData(Buffer.from(frame.subarray(5)));
      assert.equal(line.down, undefined);
    }
    assert.equal(line.messages, 5);
  });
});

describe('while as many messages are being worked on as may be', () => {
  const flood = (line: Line, count: number) =>
    line.connection.onData(Buffer.concat(Array.from({ length: count }, () => line.message())));

  test('nothing more is read, and what was read already waits in its place', async () => {
    const line = new Line();
    flood(line, 2 * limits.messagesInFlightMax + 10);
    assert.equal(line.messages, limits.messagesInFlightMax);
    assert.equal(line.wire.paused, true);
    await line.finish(limits.messagesInFlightMax / 2 - 1);
    assert.equal(line.wire.paused, true, 'it goes on when half is done, not message by message');
    await line.finish(limits.messagesInFlightMax / 2 + 1);
    assert.ok(line.messages > limits.messagesInFlightMax && line.wire.paused);
    for (let i = 0; i < 8; i++) await line.finish(limits.messagesInFlightMax);
    assert.equal(line.messages, 2 * limits.messagesInFlightMax + 10);
    assert.equal(line.wire.paused, false);
  });

  test('the peer is not taken for silent, nor for slow, and is again afterwards', async () => {
    const line = new Line();
    const half = line.message();
    flood(line, limits.messagesInFlightMax - 1);
    const last = line.message();
    line.connection.onData(Buffer.concat([last, half.subarray(0, 4)]));
    assert.equal(line.wire.paused, true);
    line.turn(3 * limits.kxSilenceMs, () => line.wire.take());
    assert.equal(line.down, undefined);
    await line.finish(limits.messagesInFlightMax);
    assert.equal(line.wire.paused, false);
    line.turn(limits.kxFrameMs + 2 * limits.kxTickMs, () => line.wire.take());
    assert.match(line.down ?? '', /did not finish/);
  });
});

describe('a peer', () => {
  test('that takes nothing of what is sent is closed in time, though it pings', () => {
    const line = new Line();
    let id = 100;
    const ping = () => {
      const frame = writeEmpty(command.ping);
      id += 1;
      setMessageId(frame, id);
      line.connection.onData(frame);
    };
    line.turn(limits.kxTakeMs - 2 * limits.kxTickMs, ping);
    assert.equal(line.down, undefined);
    line.turn(4 * limits.kxTickMs, ping);
    assert.match(line.down ?? '', /does not read/);
  });

  test('that takes a little now and then is not', () => {
    const line = new Line();
    let id = 100;
    for (let i = 0; i < 5; i++) {
      line.turn(limits.kxTakeMs / 2, () => {
        const frame = writeEmpty(command.ping);
        id += 1;
        setMessageId(frame, id);
        line.connection.onData(frame);
      });
      line.wire.take();
    }
    assert.equal(line.down, undefined);
  });

  test('of the plain kind that owes an answer and says nothing is closed in time', () => {
    const line = new Line(true);
    line.turn(10 * limits.kxAnswerMs);
    assert.equal(line.down, undefined, 'one that was asked nothing may be silent');
    line.connection.send(writeEmpty(command.keyRelayCompletion));
    line.wire.take();
    line.turn(2 * limits.kxAnswerMs, () => line.wire.take());
    assert.equal(line.down, undefined, 'a completion asks for nothing');
    line.connection.send(line.message());
    line.wire.take();
    line.turn(limits.kxAnswerMs / 2);
    line.connection.onData(line.message());
    line.turn(limits.kxAnswerMs);
    assert.equal(line.down, undefined, 'any message is a sign of life');
    line.connection.send(line.message());
    line.wire.take();
    line.turn(limits.kxAnswerMs - 2 * limits.kxTickMs);
    assert.equal(line.down, undefined);
    line.turn(4 * limits.kxTickMs);
    assert.match(line.down ?? '', /has said nothing/);
  });
});
