/**
 * The agent's side of the channel (README.md, "Channel"): messages of the framing in, envelopes out, no clock and no
 * randomness of its own. With it the exchange is "connected" while the channel is open, not while the port is.
 */
import { limits } from '../src/limits.ts';
import type { SecretBytes } from '../src/secret/secret-bytes.ts';
import { HANDSHAKE_BYTES, Initiator } from './noise.ts';
import {
  CHANNEL_ANSWER,
  CHANNEL_OPEN,
  NO_CHANNEL,
  PLAIN_MIN,
  RECORD,
  RecordReader,
  RecordWriter,
} from './records.ts';

export type ChannelEffect =
  /** A message for the framing. */
  | { readonly type: 'send'; readonly message: Buffer }
  /** From now on envelopes can be sealed. */
  | { readonly type: 'opened' }
  /** No longer; comes once after each `opened`, except when the port closed. */
  | { readonly type: 'ended'; readonly reason: string }
  /** Lent for the call of `onEffect` and wiped after it. */
  | { readonly type: 'envelope'; readonly bytes: Buffer }
  /** Close the port. */
  | { readonly type: 'hang_up'; readonly reason: string };

/** All that a channel does with an event is told to this, in order and before the event's call returns. */
export type OnChannelEffect = (effect: ChannelEffect) => void;

export interface AgentChannel {
  /** The port is open. Times are monotonic milliseconds. */
  connected(nowMs: number): void;
  disconnected(): void;
  tick(nowMs: number): void;
  /** One message of the framing, which stays the caller's. */
  message(message: Buffer, nowMs: number): void;
  /** The message to send for `envelope`, in memory of its own; undefined while the channel is not open. */
  seal(envelope: Uint8Array): Buffer | undefined;
  /** Wipes all keys; the channel is of no further use. */
  wipe(): void;
}

/** Only where the configuration says so by name: nothing is proved and nothing sealed. */
export class PlainAgentChannel implements AgentChannel {
  readonly #onEffect: OnChannelEffect;

  constructor(onEffect: OnChannelEffect) {
    this.#onEffect = onEffect;
  }

  connected(): void {
    this.#onEffect({ type: 'opened' });
  }

  disconnected(): void {}
  tick(): void {}
  wipe(): void {}

  message(message: Buffer): void {
    if (message[0]! >= PLAIN_MIN) this.#onEffect({ type: 'envelope', bytes: message });
    else if (message[0] === NO_CHANNEL && message.length === 1) {
      this.#onEffect({ type: 'hang_up', reason: 'the module demands a module key, and the link has none' });
    }
  }

  seal(envelope: Uint8Array): Buffer {
    return Buffer.from(envelope);
  }
}

type Open = { readonly writer: RecordWriter; readonly reader: RecordReader; readonly sinceMs: number };

export class SealedAgentChannel implements AgentChannel {
  readonly #moduleKey: SecretBytes;
  readonly #freshSecret: () => SecretBytes;
  readonly #onEffect: OnChannelEffect;
  #handshake: Initiator | undefined;
  #open: Open | undefined;
  #handshakeSinceMs = 0;
  #sentMs = 0;
  #plainHeard = false;
  #dropped = 0;

  /**
   * @param moduleKey 32 bytes; becomes the channel's
   * @param freshSecret gives 32 fresh random bytes, which become the channel's
   */
  constructor(moduleKey: SecretBytes, freshSecret: () => SecretBytes, onEffect: OnChannelEffect) {
    this.#moduleKey = moduleKey;
    this.#freshSecret = freshSecret;
    this.#onEffect = onEffect;
  }

  connected(nowMs: number): void {
    this.#dropped = 0;
    this.#plainHeard = false;
    this.#begin(nowMs);
  }

  disconnected(): void {
    this.#forget();
  }

  tick(nowMs: number): void {
    if (this.#handshake !== undefined) {
      if (nowMs - this.#handshakeSinceMs >= limits.portSilenceMs) this.#hangUp(this.#silence());
      else if (nowMs - this.#sentMs >= limits.portPingMs) this.#sendOpen(this.#handshake, nowMs);
      return;
    }
    if (this.#open === undefined) return;
    const { sinceMs, writer } = this.#open;
    if (nowMs - sinceMs >= limits.bridgeChannelMs || writer.count >= limits.bridgeChannelRecordsMax) {
      this.#renew('its channel takes fresh keys', nowMs);
    }
  }

  message(message: Buffer, nowMs: number): void {
    const first = message[0]!;
    if (first === RECORD) this.#record(message);
    else if (first === CHANNEL_ANSWER && message.length === 1 + HANDSHAKE_BYTES) this.#answer(message, nowMs);
    else if (first === NO_CHANNEL && message.length === 1) this.#noChannel(nowMs);
    else if (first >= PLAIN_MIN) this.#plainHeard = true;
  }

  seal(envelope: Uint8Array): Buffer | undefined {
    return this.#open?.writer.seal(envelope);
  }

  wipe(): void {
    this.#forget();
    this.#moduleKey.wipe();
  }

  #begin(nowMs: number): void {
    this.#forget();
    this.#handshake = new Initiator(this.#moduleKey, this.#freshSecret());
    this.#handshakeSinceMs = nowMs;
    this.#sendOpen(this.#handshake, nowMs);
  }

  #sendOpen(handshake: Initiator, nowMs: number): void {
    this.#sentMs = nowMs;
    this.#onEffect({ type: 'send', message: Buffer.concat([Buffer.of(CHANNEL_OPEN), handshake.open]) });
  }

  /** An answer that is not from a holder of the key may be an older opening's: the handshake goes on until its time is up. */
  #answer(message: Buffer, nowMs: number): void {
    const keys = this.#handshake?.finish(message.subarray(1));
    if (keys === undefined) {
      if (this.#handshake !== undefined) this.#drop();
      return;
    }
    this.#forget();
    this.#open = {
      writer: new RecordWriter(keys.agentToModule),
      reader: new RecordReader(keys.moduleToAgent),
      sinceMs: nowMs,
    };
    this.#onEffect({ type: 'opened' });
  }

  #record(message: Buffer): void {
    // What an earlier channel left on the line comes before the answer.
    const reader = this.#open?.reader;
    if (reader === undefined) return;
    const envelope = reader.open(message);
    if (envelope === undefined) {
      this.#drop();
      return;
    }
    try {
      this.#onEffect({ type: 'envelope', bytes: envelope });
    } finally {
      reader.release();
    }
  }

  /** Anyone on the wire can say so: it costs them no more than one handshake in a tenth of a second. */
  #noChannel(nowMs: number): void {
    if (nowMs - this.#sentMs < limits.portBackOffMsMin) return;
    if (this.#open !== undefined) this.#renew('the module has started anew', nowMs);
    else if (this.#handshake !== undefined) this.#sendOpen(this.#handshake, nowMs);
  }

  #renew(reason: string, nowMs: number): void {
    this.#forget();
    this.#onEffect({ type: 'ended', reason });
    this.#begin(nowMs);
  }

  #drop(): void {
    this.#dropped += 1;
    if (this.#dropped >= limits.bridgeRecordsDroppedMax) {
      this.#hangUp('what comes is not sealed with the key of the module');
    }
  }

  #hangUp(reason: string): void {
    this.#forget();
    this.#onEffect({ type: 'hang_up', reason });
  }

  #silence(): string {
    if (this.#plainHeard) return 'the module speaks without a channel, and the link has a module key';
    if (this.#dropped > 0) return 'the module has another module key';
    return 'the module does not answer, or has another module key';
  }

  #forget(): void {
    this.#handshake?.wipe();
    this.#handshake = undefined;
    this.#open?.writer.wipe();
    this.#open?.reader.wipe();
    this.#open = undefined;
  }
}
