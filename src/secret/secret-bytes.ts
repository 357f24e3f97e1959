import { inspect } from 'node:util';
import { assert } from '../errors.ts';
import { giveSecretMemory, takeSecretMemory } from './secret-pool.ts';

/**
 * Key bytes with one owner, who wipes them. The bytes never pass through a string: every printed form is `<secret>`.
 *
 * JavaScript cannot wipe strings, and the collector copies what lies in its heap, short Buffers too; so these lie in memory that is
 * neither moved nor dumped nor swapped out (secret-pool.ts), and overwriting it does remove the bytes.
 */
export class SecretBytes implements Disposable {
  #bytes: Buffer | undefined;
  /** What `#bytes` is the beginning of; undefined for adopted bytes. */
  readonly #pooled: Buffer | undefined;

  private constructor(bytes: Buffer, pooled?: Buffer) {
    this.#bytes = bytes;
    this.#pooled = pooled;
  }

  /** @param length bytes, all zero, in memory that serves again once this is wiped: a view that outlives that shows another's bytes */
  static alloc(length: number): SecretBytes {
    const memory = takeSecretMemory(length);
    return new SecretBytes(memory.length === length ? memory : memory.subarray(0, length), memory);
  }

  /** The same. */
  static pooled(length: number): SecretBytes {
    return SecretBytes.alloc(length);
  }

  /** Takes ownership: the caller may no longer touch `bytes`. They stay where they are, in memory that may be dumped: see `moved`. */
  static adopt(bytes: Buffer): SecretBytes {
    return new SecretBytes(bytes);
  }

  /** Takes the bytes, and wipes where they were. */
  static moved(bytes: Uint8Array): SecretBytes {
    const own = SecretBytes.copyOf(bytes);
    bytes.fill(0);
    return own;
  }

  /** Copies; the caller still owns (and wipes) `bytes`. */
  static copyOf(bytes: Uint8Array): SecretBytes {
    const own = SecretBytes.alloc(bytes.length);
    own.view().set(bytes);
    return own;
  }

  get length(): number {
    return this.view().length;
  }

  /** Lends the bytes: a view, valid until `wipe()`. The borrower neither keeps nor copies it. Throws when wiped. */
  view(): Buffer {
    assert(this.#bytes !== undefined, 'secret bytes used after they were wiped');
    return this.#bytes;
  }

  get wiped(): boolean {
    return this.#bytes === undefined;
  }

  wipe(): void {
    if (this.#pooled === undefined) this.#bytes?.fill(0);
    else if (this.#bytes !== undefined) giveSecretMemory(this.#pooled, this.#bytes.length);
    this.#bytes = undefined;
  }

  [Symbol.dispose](): void {
    this.wipe();
  }

  toString(): string {
    return '<secret>';
  }

  toJSON(): string {
    return '<secret>';
  }

  [inspect.custom](): string {
    return '<secret>';
  }
}
