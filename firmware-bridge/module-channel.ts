/** The module's side of the channel (README.md, "Channel"), as firmware would do it; the simulator runs on it. */
import type { SecretBytes } from '../src/secret/secret-bytes.ts';
import { type ChannelKeys, HANDSHAKE_BYTES, respond } from './noise.ts';
import {
  CHANNEL_ANSWER,
  CHANNEL_OPEN,
  NO_CHANNEL,
  PLAIN_MIN,
  RECORD,
  RecordReader,
  RecordWriter,
} from './records.ts';

export type ModuleChannelEffect =
  /** A message for the framing. */
  | { readonly type: 'send'; readonly message: Buffer }
  /** A channel, perhaps in place of another: the exchange begins anew. */
  | { readonly type: 'opened' }
  /** Lent for the call and wiped after it. */
  | { readonly type: 'envelope'; readonly bytes: Buffer };

type Open = {
  readonly writer: RecordWriter;
  readonly reader: RecordReader;
  /** What it was opened with and answered with, without the first byte. */
  readonly open: Buffer;
  readonly answer: Buffer;
};

export class ModuleChannel {
  readonly #moduleKey: SecretBytes | undefined;
  readonly #freshSecret: () => SecretBytes;
  readonly #onEffect: (effect: ModuleChannelEffect) => void;
  #open: Open | undefined;
  #dropped = 0;

  /**
   * @param moduleKey 32 bytes, which become the channel's; undefined for a module that has none
   * @param freshSecret gives 32 fresh random bytes, which become the channel's
   */
  constructor(
    moduleKey: SecretBytes | undefined,
    freshSecret: () => SecretBytes,
    onEffect: (effect: ModuleChannelEffect) => void,
  ) {
    this.#moduleKey = moduleKey;
    this.#freshSecret = freshSecret;
    this.#onEffect = onEffect;
  }

  /** Records that were not taken. */
  get dropped(): number {
    return this.#dropped;
  }

  /** The module's power came on. */
  started(): void {
    if (this.#moduleKey === undefined) this.#onEffect({ type: 'opened' });
    else this.#noChannel();
  }

  /** One message of the framing, which stays the caller's. */
  message(message: Buffer): void {
    const first = message[0]!;
    if (this.#moduleKey === undefined) {
      if (first >= PLAIN_MIN) this.#onEffect({ type: 'envelope', bytes: message });
      else if (first === CHANNEL_OPEN) this.#onEffect({ type: 'opened' });
    } else if (first === CHANNEL_OPEN && message.length === 1 + HANDSHAKE_BYTES) {
      this.#handshake(this.#moduleKey, message.subarray(1));
    } else if (first === RECORD || first >= PLAIN_MIN) {
      if (this.#open === undefined) this.#noChannel();
      else if (first === RECORD) this.#record(this.#open.reader, message);
    }
  }

  /** The message to send for `envelope`, in memory of its own; undefined when there is no channel to send it on. */
  seal(envelope: Uint8Array): Buffer | undefined {
    if (this.#moduleKey === undefined) return Buffer.from(envelope);
    return this.#open?.writer.seal(envelope);
  }

  /** Wipes all keys; the channel is of no further use. */
  wipe(): void {
    this.#forget();
    this.#moduleKey?.wipe();
  }

  #handshake(moduleKey: SecretBytes, open: Buffer): void {
    if (this.#open?.open.equals(open)) {
      // The agent asked again before it had our answer.
      this.#send(this.#open.answer);
      return;
    }
    using secret = this.#freshSecret();
    const made = respond(moduleKey, secret, open);
    if (made === undefined) return;
    this.#forget();
    this.#open = opened(made.keys, Buffer.from(open), made.answer);
    this.#send(made.answer);
    this.#onEffect({ type: 'opened' });
  }

  #record(reader: RecordReader, message: Buffer): void {
    const envelope = reader.open(message);
    if (envelope === undefined) {
      this.#dropped += 1;
      return;
    }
    try {
      this.#onEffect({ type: 'envelope', bytes: envelope });
    } finally {
      reader.release();
    }
  }

  #send(answer: Buffer): void {
    this.#onEffect({ type: 'send', message: Buffer.concat([Buffer.of(CHANNEL_ANSWER), answer]) });
  }

  #noChannel(): void {
    this.#onEffect({ type: 'send', message: Buffer.of(NO_CHANNEL) });
  }

  #forget(): void {
    this.#open?.writer.wipe();
    this.#open?.reader.wipe();
    this.#open = undefined;
  }
}

function opened(keys: ChannelKeys, open: Buffer, answer: Buffer): Open {
  return {
    writer: new RecordWriter(keys.moduleToAgent),
    reader: new RecordReader(keys.agentToModule),
    open,
    answer,
  };
}
