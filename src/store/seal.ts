import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';
import type { Entropy } from '../env/entropy.ts';
import { AgentError } from '../errors.ts';
import { keyedHash } from '../keys/keyed-hash.ts';
import { SecretBytes } from '../secret/secret-bytes.ts';

const SALT_BYTES = 16;
const TAG_BYTES = 16;
// Each record has an encryption key of its own, so one constant nonce is never used twice under one key.
const NONCE = Buffer.alloc(12);

/**
 * Seals records for the disk: AES-256-GCM under a key of the record's own, made from the node key and a random salt. Layout:
 * salt 16, ciphertext, tag 16 bytes. The record's place is authenticated with it, so no record can stand in for another.
 */
export class Sealer implements Disposable {
  readonly #key: SecretBytes;
  readonly #entropy: Entropy;

  /** @param nodeKey 32 bytes, only lent */
  constructor(nodeKey: SecretBytes, entropy: Entropy) {
    const derived = hkdfSync('sha256', nodeKey.view(), Buffer.alloc(0), 'keyferry store seal 1', 32);
    this.#key = SecretBytes.adopt(Buffer.from(derived));
    this.#entropy = entropy;
  }

  /** @param place what the record is, as authenticated text; @param plain only lent */
  seal(place: string, plain: Uint8Array): Buffer {
    const sealed = Buffer.alloc(SALT_BYTES + plain.length + TAG_BYTES);
    const salt = sealed.subarray(0, SALT_BYTES);
    this.#entropy.fill(salt);
    using key = this.#recordKey(salt);
    const cipher = createCipheriv('aes-256-gcm', key.view(), NONCE);
    cipher.setAAD(Buffer.from(place));
    sealed.set(cipher.update(plain), SALT_BYTES);
    cipher.final();
    sealed.set(cipher.getAuthTag(), sealed.length - TAG_BYTES);
    return sealed;
  }

  /** The caller owns what it gets. Throws `host.store_damaged` when the record is not what was sealed for `place`. */
  open(place: string, sealed: Uint8Array): SecretBytes {
    try {
      using key = this.#recordKey(sealed.subarray(0, SALT_BYTES));
      const decipher = createDecipheriv('aes-256-gcm', key.view(), NONCE);
      decipher.setAAD(Buffer.from(place));
      decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
      const plain = SecretBytes.adopt(decipher.update(sealed.subarray(SALT_BYTES, -TAG_BYTES)));
      try {
        decipher.final();
        return plain;
      } catch (thrown) {
        plain.wipe();
        throw thrown;
      }
    } catch (cause) {
      throw new AgentError('host.store_damaged', `the stored record "${place}" cannot be opened`, {
        fault: 'host',
        remedy:
          'Check that the node key is the one this store was made with; if it is, the disk has damaged the store: replace it and start with an empty data directory.',
        cause,
      });
    }
  }

  #recordKey(salt: Uint8Array): SecretBytes {
    return SecretBytes.adopt(keyedHash(this.#key.view(), salt));
  }

  [Symbol.dispose](): void {
    this.#key.wipe();
  }
}
