import type { ByteLink, ByteLinkEvents } from '../../env/byte-link.ts';
import type { Clock } from '../../env/clock.ts';
import { limits } from '../../limits.ts';
import { FrameReader } from '../codec/frame-reader.ts';
import { setMessageId } from '../codec/header.ts';
import type { Hello } from '../codec/private-messages.ts';
import { giveMemory } from '../codec/slots.ts';
import { isPlainCommand, PlainSession } from '../session/plain-session.ts';
import { type Effect, isKeyferryCommand, type Message, Session } from '../session/session.ts';

export type ConnectionEvents = {
  onUp(hello: Hello | undefined): void;
  onMessage(message: Message): void;
  /** Once; the link is closed or closing. */
  onDown(reason: string): void;
};

/** Runs a session over a link: bytes to messages, effects to bytes. */
export class Connection implements ByteLinkEvents {
  readonly #clock: Clock;
  readonly #link: ByteLink;
  readonly #events: ConnectionEvents;
  readonly #session: Session | PlainSession;
  readonly #reader: FrameReader;
  #down = false;
  #cancelTick: () => void = () => {};
  messagesIn = 0;
  messagesOut = 0;

  /** @param plain a peer that speaks the Recommendation's four commands and nothing else */
  constructor(
    clock: Clock,
    link: ByteLink,
    self: Hello,
    peerId: string,
    events: ConnectionEvents,
    plain = false,
  ) {
    this.#clock = clock;
    this.#link = link;
    this.#events = events;
    this.#session = plain ? new PlainSession() : new Session(self, peerId, clock.monotonicMs());
    this.#reader = plain ? new FrameReader(isPlainCommand, true) : new FrameReader(isKeyferryCommand);
  }

  /** Once, before anything else. */
  start(): void {
    this.#run(this.#session.start());
    this.#tick();
  }

  get congested(): boolean {
    return this.#link.queuedBytes > limits.peerQueueBytesMax;
  }

  /**
   * Sends a frame, which is the connection's from now on: its memory is wiped and given back when it has left. `seal` runs once the
   * message ID stands in it.
   * @returns false when the connection is down
   */
  send(frame: Buffer, seal?: (frame: Buffer) => void): boolean {
    const messageId = this.#down ? undefined : this.#session.nextMessageId();
    if (messageId === undefined) {
      giveMemory(frame);
      if (!this.#down) this.close('message IDs are used up');
      return false;
    }
    setMessageId(frame, messageId);
    seal?.(frame);
    this.messagesOut += 1;
    this.#link.write(frame, () => giveMemory(frame));
    if (this.#link.queuedBytes <= limits.peerQueueBytesMax * 2) return true;
    this.close('the peer does not read what it is sent');
    return false;
  }

  onData(chunk: Buffer): void {
    this.#reader.push(chunk);
    for (let frame = this.#reader.pull(); frame !== undefined; frame = this.#reader.pull()) {
      this.messagesIn += 1;
      this.#run(this.#session.receive(frame, this.#clock.monotonicMs()));
      if (this.#down) return;
    }
    const { fault } = this.#reader;
    if (fault !== undefined) this.close(`the peer sent a frame with a bad ${fault}`);
  }

  /** By the peer or on the way. One that refuses us can only close: whoever looks at this end is told what to compare. */
  onClosed(reason: string): void {
    const silent = 'without a word: compare `protocol` in kx.peers of both ends';
    this.#end(this.messagesIn === 0 ? `${reason} ${silent}` : reason);
  }

  #end(reason: string): void {
    if (this.#down) return;
    this.#down = true;
    this.#cancelTick();
    this.#reader[Symbol.dispose]();
    this.#events.onDown(reason);
  }

  close(reason: string): void {
    this.#link.close(reason);
    this.#end(reason);
  }

  #tick(): void {
    if (this.#down) return;
    this.#run(this.#session.tick(this.#clock.monotonicMs()));
    this.#cancelTick = this.#clock.after(limits.kxTickMs, () => this.#tick());
  }

  #run(effects: readonly Effect[]): void {
    for (const effect of effects) {
      switch (effect.do) {
        case 'send':
          this.send(effect.frame);
          break;
        case 'up':
          this.#events.onUp(effect.hello);
          break;
        case 'deliver':
          this.#events.onMessage(effect.message);
          break;
        case 'close':
          this.close(effect.reason);
          break;
        default:
          effect satisfies never;
      }
    }
  }
}
