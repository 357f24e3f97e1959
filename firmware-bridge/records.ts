/** What a channel's messages are told by, and its records (README.md, "Channel"). */
import { assert } from '../src/errors.ts';
import { limits } from '../src/limits.ts';
import { SecretBytes } from '../src/secret/secret-bytes.ts';
import { seal, TAG_BYTES, unseal } from './noise.ts';

/** The first byte of a message; from `PLAIN_MIN` on it is a plain envelope. */
export const RECORD = 0x00;
export const CHANNEL_OPEN = 0x01;
export const CHANNEL_ANSWER = 0x02;
export const NO_CHANNEL = 0x03;
export const PLAIN_MIN = 0x08;

const HEAD_BYTES = 9;
/** Bytes that a record is longer than its envelope. */
export const RECORD_EXTRA_BYTES = HEAD_BYTES + TAG_BYTES;
const COUNTER_MAX = 2 ** 48 - 1;
const NOTHING = Buffer.alloc(0);

/** Seals one direction; no counter is used twice. Owns `key`. */
export class RecordWriter {
  readonly #key: SecretBytes;
  #next = 0;

  constructor(key: SecretBytes) {
    this.#key = key;
  }

  /** Records so far. */
  get count(): number {
    return this.#next;
  }

  /** The record of `envelope`, which stays the caller's. */
  seal(envelope: Uint8Array): Buffer {
    assert(this.#next <= COUNTER_MAX, 'records of one channel');
    const record = Buffer.alloc(envelope.length + RECORD_EXTRA_BYTES);
    record[0] = RECORD;
    record.writeBigUInt64LE(BigInt(this.#next), 1);
    const plain = Buffer.from(envelope.buffer, envelope.byteOffset, envelope.length);
    seal(this.#key.view(), this.#next, NOTHING, plain, record.subarray(HEAD_BYTES));
    this.#next += 1;
    return record;
  }

  wipe(): void {
    this.#key.wipe();
  }
}

/** Opens one direction; takes no record twice. Owns `key`. */
export class RecordReader {
  readonly #key: SecretBytes;
  /** What `open` lent. */
  #plain: SecretBytes | undefined;
  #next = 0;

  constructor(key: SecretBytes) {
    this.#key = key;
  }

  /** The envelope, lent until `release`; undefined when the record is to be dropped. `record` stays the caller's. */
  open(record: Buffer): Buffer | undefined {
    const length = record.length - RECORD_EXTRA_BYTES;
    if (length < 1 || record.length > limits.bridgeMessageBytesMax) return undefined;
    const counter = Number(record.readBigUInt64LE(1));
    if (counter < this.#next || counter > COUNTER_MAX) return undefined;
    this.release();
    const plain = SecretBytes.alloc(length);
    if (!unseal(this.#key.view(), counter, NOTHING, record.subarray(HEAD_BYTES), plain.view())) {
      plain.wipe();
      return undefined;
    }
    this.#next = counter + 1;
    this.#plain = plain;
    return plain.view();
  }

  /** Wipes the envelope that `open` lent. */
  release(): void {
    this.#plain?.wipe();
    this.#plain = undefined;
  }

  wipe(): void {
    this.#key.wipe();
    this.release();
  }
}
