import { inspect } from 'node:util';
import { assert } from '../errors.ts';
import { giveSecretMemory, takeSecretMemory } from './secret-pool.ts';

/**
 * Key bytes with one owner, who wipes them. The bytes never pass through a string: every printed form is `<secret>`.
 *
 * JavaScript cannot wipe strings and the collector may copy small objects; a Buffer's backing store is outside the
 * collected heap and stays where it is, so overwriting it does remove the bytes.
 */
export class SecretBytes implements Disposable {
  #bytes: Buffer | undefined;
  /** What `#bytes` is the beginning of, when it goes back into the pool. */
  readonly #pooled: Buffer | undefined;

  private constructor(bytes: Buffer, pooled?: Buffer) {
    this.#bytes = bytes;
    this.#pooled = pooled;
  }

  /** @param length bytes, all zero, in memory that no pool shares */
  static alloc(length: number): SecretBytes {
    return new SecretBytes(Buffer.alloc(length));
  }

  /**
   * The same out of a pool, for what comes and goes often and is only ever looked at for a moment.
   * @param length bytes, all zero, in memory that serves again once this is wiped: a view that outlives that shows another's bytes
   */
  static pooled(length: number): SecretBytes {
    const memory = takeSecretMemory(length);
    return new SecretBytes(memory.subarray(0, length), memory);
  }

  /** Takes ownership: the caller may no longer touch `bytes`. */
  static adopt(bytes: Buffer): SecretBytes {
    return new SecretBytes(bytes);
  }

  /** Copies; the caller still owns (and wipes) `bytes`. */
  static copyOf(bytes: Uint8Array): SecretBytes {
    const own = Buffer.alloc(bytes.length);
    own.set(bytes);
    return new SecretBytes(own);
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
