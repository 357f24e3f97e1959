/**
 * Frames on a byte stream (README.md, "Framing"): COBS over the message and its CRC-32C, ended by a zero byte. A receiver
 * that joins in the middle, or after damage, is in step again at the next zero.
 */
import { crc32c } from '../src/bytes/crc32c.ts';
import { assert } from '../src/errors.ts';
import { limits } from '../src/limits.ts';
import { SecretBytes } from '../src/secret/secret-bytes.ts';

export const DELIMITER = 0;
const CHECK_BYTES = 4;
const GROUP_MAX = 255;
const MESSAGE_BYTES = limits.bridgeMessageBytesMax + CHECK_BYTES;
const NOTHING = Buffer.alloc(0);

/** Why a frame was dropped. */
export type FrameFault = 'check sum' | 'too long' | 'too short' | 'broken stuffing';

/** Bytes on the wire, the delimiter included, that a message of `messageBytes` bytes takes at most. */
export function frameBytesMax(messageBytes: number): number {
  const stuffed = messageBytes + CHECK_BYTES;
  return stuffed + Math.ceil(stuffed / (GROUP_MAX - 1)) + 2;
}

/**
 * The frame of `message`, delimiter included, in memory of its own. The frame holds what the message holds: whoever sends
 * key wipes it after sending. `message` stays the caller's.
 */
export function encodeFrame(message: Uint8Array): Buffer {
  assert(message.length > 0 && message.length <= limits.bridgeMessageBytesMax, 'bridge message length');
  const frame = Buffer.alloc(frameBytesMax(message.length));
  const check = Buffer.alloc(CHECK_BYTES);
  check.writeUInt32LE(crc32c(message));
  let codeAt = 0;
  let at = 1;
  const put = (byte: number): void => {
    if (at - codeAt === GROUP_MAX) {
      frame[codeAt] = GROUP_MAX;
      codeAt = at++;
    }
    if (byte === DELIMITER) {
      frame[codeAt] = at - codeAt;
      codeAt = at++;
    } else {
      frame[at++] = byte;
    }
  };
  for (let i = 0; i < message.length; i++) put(message[i]!);
  for (let i = 0; i < CHECK_BYTES; i++) put(check[i]!);
  frame[codeAt] = at - codeAt;
  frame[at++] = DELIMITER;
  assert(at <= frame.length, 'a frame outgrew its bound');
  return frame.subarray(0, at);
}

/**
 * Takes the stream apart. Memory is one message of the greatest length, whatever arrives; a dropped frame costs a count.
 */
export class FrameDecoder {
  /** Of the first frame on, until `wipe`: where nothing seals the line, key is in it. */
  #memory: SecretBytes | undefined;
  /** Its view. */
  #message: Buffer = NOTHING;
  readonly #faults: Record<FrameFault, number> = {
    'check sum': 0,
    'too long': 0,
    'too short': 0,
    'broken stuffing': 0,
  };
  #length = 0;
  /** Bytes of the present group still to come. */
  #groupLeft = 0;
  #zeroAfterGroup = false;
  #started = false;
  #overlong = false;

  /** Frames dropped so far, by reason. */
  get faults(): Readonly<Record<FrameFault, number>> {
    return this.#faults;
  }

  get faultCount(): number {
    let count = 0;
    for (const value of Object.values(this.#faults)) count += value;
    return count;
  }

  /**
   * Reads all of `chunk` and wipes it: it becomes the decoder's. `onMessage` gets each whole message with its check sum
   * proved; the view is lent for the call and wiped after it.
   */
  push(chunk: Uint8Array, onMessage: (message: Buffer) => void): void {
    try {
      for (let i = 0; i < chunk.length; i++) {
        const byte = chunk[i]!;
        if (byte !== DELIMITER) {
          if (!this.#overlong) this.#take(byte);
        } else if (this.#started) {
          // Between two delimiters there is nothing: a run of them is gone over at once.
          this.#end(onMessage);
        }
      }
    } finally {
      chunk.fill(0);
    }
  }

  /** Forgets what has come of an unfinished frame: the stream begins anew. */
  reset(): void {
    this.#message.fill(0, 0, this.#length);
    this.#length = 0;
    this.#groupLeft = 0;
    this.#zeroAfterGroup = false;
    this.#started = false;
    this.#overlong = false;
  }

  /** The same, and gives back the memory. */
  wipe(): void {
    this.reset();
    this.#memory?.wipe();
    this.#memory = undefined;
    this.#message = NOTHING;
  }

  #take(byte: number): void {
    if (this.#groupLeft > 0) {
      this.#groupLeft -= 1;
      this.#append(byte);
      return;
    }
    if (this.#zeroAfterGroup) this.#append(0);
    this.#started = true;
    this.#memory ??= SecretBytes.alloc(MESSAGE_BYTES);
    this.#message = this.#memory.view();
    this.#groupLeft = byte - 1;
    this.#zeroAfterGroup = byte < GROUP_MAX;
  }

  #append(byte: number): void {
    if (this.#length === this.#message.length) {
      this.#overlong = true;
      return;
    }
    this.#message[this.#length++] = byte;
  }

  #end(onMessage: (message: Buffer) => void): void {
    try {
      const fault = this.#judge();
      if (fault !== undefined) this.#faults[fault] += 1;
      else onMessage(this.#message.subarray(0, this.#length - CHECK_BYTES));
    } finally {
      this.reset();
    }
  }

  #judge(): FrameFault | undefined {
    if (this.#overlong) return 'too long';
    if (this.#groupLeft > 0) return 'broken stuffing';
    if (this.#length <= CHECK_BYTES) return 'too short';
    const end = this.#length - CHECK_BYTES;
    return this.#message.readUInt32LE(end) === crc32c(this.#message, 0, end) ? undefined : 'check sum';
  }
}
