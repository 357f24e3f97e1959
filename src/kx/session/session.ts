import { limits } from '../../limits.ts';
import type { Frame } from '../codec/frame.ts';
import { command } from '../codec/header.ts';
import { type Hello, readHello, writeEmpty, writeHello } from '../codec/private-messages.ts';

/** A frame as it is delivered: lent for the time of the call, as `Frame` says. */
export type Message = Pick<Frame, 'header' | 'headerBytes' | 'payload' | 'keep'>;

/** What the session wants done, in order. */
export type Effect =
  | { readonly do: 'send'; readonly frame: Buffer }
  /** Messages may go: both ends have greeted each other. Plain peers have no greeting. */
  | { readonly do: 'up'; readonly hello: Hello | undefined }
  | { readonly do: 'deliver'; readonly message: Message }
  | { readonly do: 'close'; readonly reason: string };

/**
 * One connection with a keyferry peer, as a pure state machine: greeting, message IDs that only rise, liveness. Time comes in as
 * monotonic milliseconds. After `close` it says nothing more.
 */
export class Session {
  readonly #self: Hello;
  readonly #peerId: string;
  readonly #startedMs: number;
  #state: 'greeting' | 'up' | 'closed' = 'greeting';
  #lastReceivedId = 0;
  #lastSentId: number;
  #heardMs: number;
  #pingedMs: number;
  #pings = 0;

  /**
   * @param peerId KMA ID in the peer's certificate, which the greeting must repeat
   * @param lastSentId message ID that counts as given; a new connection has none
   */
  constructor(self: Hello, peerId: string, nowMs: number, lastSentId = 0) {
    this.#self = self;
    this.#peerId = peerId;
    this.#startedMs = nowMs;
    this.#heardMs = nowMs;
    this.#pingedMs = nowMs;
    this.#lastSentId = lastSentId;
  }

  start(): Effect[] {
    return [{ do: 'send', frame: writeHello(this.#self) }];
  }

  /** The ID for the next message that is sent (Q.4163 Appendix I: unique). Runs out after 2^32 − 1 messages. */
  nextMessageId(): number | undefined {
    if (this.#lastSentId === 0xffff_ffff) return undefined;
    this.#lastSentId += 1;
    return this.#lastSentId;
  }

  receive(message: Message, nowMs: number): Effect[] {
    if (this.#state === 'closed') return [];
    this.#heardMs = nowMs;
    const { messageId } = message.header;
    if (messageId <= this.#lastReceivedId) return this.#close(`message ID ${messageId} came out of order`);
    this.#lastReceivedId = messageId;
    if (this.#state === 'greeting') return this.#greet(message);
    switch (message.header.command) {
      case command.hello:
        return this.#close('a second greeting');
      case command.ping:
        return this.#chatter() ?? [{ do: 'send', frame: writeEmpty(command.pong) }];
      case command.pong:
        return this.#chatter() ?? [];
      default:
        return [{ do: 'deliver', message }];
    }
  }

  /** The peer shows that it is alive, though no message was read: we did not read. */
  heard(nowMs: number): void {
    this.#heardMs = nowMs;
  }

  tick(nowMs: number): Effect[] {
    if (this.#state === 'closed') return [];
    this.#pings = 0;
    if (this.#state === 'greeting')
      return nowMs - this.#startedMs < limits.kxHandshakeMs ? [] : this.#close('no greeting came');
    if (nowMs - this.#heardMs >= limits.kxSilenceMs) return this.#close('the peer has fallen silent');
    if (nowMs - Math.max(this.#heardMs, this.#pingedMs) < limits.kxPingMs) return [];
    this.#pingedMs = nowMs;
    return [{ do: 'send', frame: writeEmpty(command.ping) }];
  }

  #chatter(): Effect[] | undefined {
    this.#pings += 1;
    return this.#pings > limits.kxPingsPerTickMax ? this.#close('pings came too often') : undefined;
  }

  #greet(message: Message): Effect[] {
    if (message.header.command !== command.hello) return this.#close('a message before the greeting');
    const hello = readHello(message.payload);
    if (hello === undefined) return this.#close('a malformed greeting');
    if (hello.kmaId !== this.#peerId)
      return this.#close(`greeted as ${hello.kmaId}, not as its certificate says`);
    if (hello.unitBits !== this.#self.unitBits)
      return this.#close(`formats key by ${hello.unitBits} bit, we by ${this.#self.unitBits}`);
    this.#state = 'up';
    return [{ do: 'up', hello }];
  }

  #close(reason: string): Effect[] {
    this.#state = 'closed';
    return [{ do: 'close', reason }];
  }
}

const COMMANDS: ReadonlySet<number> = new Set(Object.values(command));

export function isKeyferryCommand(code: number): boolean {
  return COMMANDS.has(code);
}
