import { hkdfSync } from 'node:crypto';
import type { Entropy } from '../env/entropy.ts';
import { NONCE_BYTES, openBox, sealBox, sealedBytes } from '../keys/secret-box.ts';
import { SecretBytes } from '../secret/secret-bytes.ts';
import { damaged } from './damage.ts';

/**
 * Seals records for the disk under one key. A record's place is authenticated with it, so that no record can stand in for another.
 */
export class Sealer implements Disposable {
  #key: SecretBytes;
  #disposed = false;
  readonly #entropy: Entropy;

  /** Takes ownership of `key`, 32 bytes. */
  constructor(key: SecretBytes, entropy: Entropy) {
    this.#key = key;
    this.#entropy = entropy;
  }

  /** As stores of formats 1 and 2 were sealed, under the node key itself. @param nodeKey 32 bytes, only lent */
  static ofNodeKey(nodeKey: SecretBytes, entropy: Entropy): Sealer {
    const derived = hkdfSync('sha256', nodeKey.view(), Buffer.alloc(0), 'keyferry store seal 1', 32);
    return new Sealer(SecretBytes.moved(new Uint8Array(derived)), entropy);
  }

  /** Seals under `key` from now on, which it takes ownership of. @returns the key until now, the caller's */
  replaceKey(key: SecretBytes): SecretBytes {
    if (this.#disposed) key.wipe();
    const before = this.#key;
    this.#key = key;
    return before;
  }

  /** @param place what the record is, as authenticated text; @param plain only lent */
  seal(place: string, plain: Uint8Array): Buffer {
    const sealed = Buffer.alloc(sealedBytes(plain.length));
    this.sealInto(sealed, place, plain);
    return sealed;
  }

  /** The same into memory of the caller's. @param sealed `sealedBytes(plain.length)` bytes */
  sealInto(sealed: Buffer, place: string, plain: Uint8Array): void {
    this.#entropy.fill(sealed.subarray(0, NONCE_BYTES));
    sealBox(sealed, this.#key.view(), Buffer.from(place), plain);
  }

  /** The caller owns what it gets. Throws `host.store_damaged` when the record is not what was sealed for `place`. */
  open(place: string, sealed: Uint8Array): SecretBytes {
    const plain = this.openIfSound(place, sealed);
    if (plain !== undefined) return plain;
    throw damaged(`the stored record "${place}" cannot be opened`);
  }

  /** The same; undefined when it is not what was sealed for `place`. */
  openIfSound(place: string, sealed: Uint8Array): SecretBytes | undefined {
    return openBox(sealed, this.#key.view(), Buffer.from(place));
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    this.#key.wipe();
  }
}
