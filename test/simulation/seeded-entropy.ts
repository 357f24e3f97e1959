import { type Cipheriv, createCipheriv, createHash } from 'node:crypto';
import type { Entropy } from '../../src/env/entropy.ts';
import { formatUuid } from '../../src/keys/uuid.ts';

const POOL_BYTES = 1 << 14;

/** Random bytes that are the same for the same seed (AES-256-CTR). */
export class SeededEntropy implements Entropy {
  readonly #cipher: Cipheriv;
  #pool = Buffer.alloc(0);

  constructor(seed: string) {
    const key = createHash('sha256').update(seed).digest();
    this.#cipher = createCipheriv('aes-256-ctr', key, Buffer.alloc(16));
  }

  fill(into: Uint8Array): void {
    if (this.#pool.length < into.length)
      this.#pool = this.#cipher.update(Buffer.alloc(Math.max(POOL_BYTES, into.length)));
    into.set(this.#pool.subarray(0, into.length));
    this.#pool = this.#pool.subarray(into.length);
  }

  uuid(): string {
    const bytes = Buffer.alloc(16);
    this.fill(bytes);
    bytes[6] = (bytes[6]! & 0x0f) | 0x40;
    bytes[8] = (bytes[8]! & 0x3f) | 0x80;
    return formatUuid(bytes);
  }
}
