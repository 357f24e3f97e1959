import type { ByteLinkEvents, PausableLink } from '../../env/byte-link.ts';
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
  /** @returns until when the message is being worked on; nothing when it is done with */
  onMessage(message: Message): void | Promise<void>;
  /** Once; the link is closed or closing. */
  onDown(reason: string): void;
};

/** Runs a session over a link: bytes to messages, effects to bytes. */
export class Connection implements ByteLinkEvents {
  readonly #clock: Clock;
  readonly #link: PausableLink;
  readonly #events: ConnectionEvents;
  readonly #session: Session | PlainSession;
  readonly #reader: FrameReader;
  #down = false;
  #paused = false;
  #inFlight = 0;
  /** When the frame began that is not whole yet. */
  #begunMs: number | undefined;
  /** When the peer last took something of what it is sent, or nothing waited for it. */
  #takenMs: number;
  #cancelTick: () => void = () => {};
  messagesIn = 0;
  messagesOut = 0;

  /** @param plain a peer that speaks the Recommendation's four commands and nothing else */
  constructor(
    clock: Clock,
    link: PausableLink,
    self: Hello,
    peerId: string,
    events: ConnectionEvents,
    plain = false,
  ) {
    this.#clock = clock;
    this.#link = link;
    this.#events = events;
    this.#takenMs = clock.monotonicMs();
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
    if (this.#session instanceof PlainSession)
      this.#session.sent(frame.readUInt16BE(6), this.#clock.monotonicMs());
    this.#link.write(frame, () => {
      giveMemory(frame);
      this.#takenMs = this.#clock.monotonicMs();
    });
    if (this.#link.queuedBytes <= limits.peerQueueBytesMax * 2) return true;
    this.close('the peer does not read what it is sent');
    return false;
  }

  onData(chunk: Buffer): void {
    this.#reader.push(chunk);
    this.#pull();
  }

  // Stops while too much is being worked on: the reader keeps what is left of its chunk, and the link brings no other.
  #pull(): void {
    while (!this.#down) {
      if (this.#inFlight >= limits.messagesInFlightMax) return this.#pause();
      const frame = this.#reader.pull();
      if (frame === undefined) break;
      this.#begunMs = undefined;
      this.messagesIn += 1;
      this.#run(this.#session.receive(frame, this.#clock.monotonicMs()));
    }
    if (this.#down) return;
    const { fault, unfinished } = this.#reader;
    if (fault !== undefined) return this.close(`the peer sent a frame with a bad ${fault}`);
    if (unfinished) this.#begunMs ??= this.#clock.monotonicMs();
  }

  /** By the peer or on the way. One that refuses us can only close: whoever looks at this end is told what to compare. */
  onClosed(reason: string): void {
    const silent =
      'without a word: compare `protocol` in kx.peers of both ends, and look in its log whether it refuses our certificate';
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

  #pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#link.pause();
  }

  #doneWithOne(): void {
    this.#inFlight -= 1;
    if (!this.#paused || this.#down || this.#inFlight > limits.messagesInFlightMax / 2) return;
    this.#paused = false;
    // While nothing was read, the silence was ours.
    const now = this.#clock.monotonicMs();
    this.#session.heard(now);
    if (this.#begunMs !== undefined) this.#begunMs = now;
    this.#pull();
    if (!this.#paused) this.#link.resume();
  }

  #tick(): void {
    if (this.#down) return;
    const now = this.#clock.monotonicMs();
    if (this.#link.queuedBytes === 0) this.#takenMs = now;
    if (now - this.#takenMs >= limits.kxTakeMs) return this.close('the peer does not read what it is sent');
    if (!this.#paused) {
      if (this.#begunMs !== undefined && now - this.#begunMs >= limits.kxFrameMs)
        return this.close('the peer began a message and did not finish it');
      this.#run(this.#session.tick(now));
    }
    if (!this.#down) this.#cancelTick = this.#clock.after(limits.kxTickMs, () => this.#tick());
  }

  #deliver(message: Message): void {
    const done = this.#events.onMessage(message);
    if (done === undefined) return;
    this.#inFlight += 1;
    void done.finally(() => this.#doneWithOne());
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
          this.#deliver(effect.message);
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
