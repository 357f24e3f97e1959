import { hkdfSync } from 'node:crypto';
import type { Entropy } from '../env/entropy.ts';
import { AgentError } from '../errors.ts';
import { NONCE_BYTES, openBox, sealBox, sealedBytes } from '../keys/secret-box.ts';
import { SecretBytes } from '../secret/secret-bytes.ts';

/**
 * Seals records for the disk under a key made from the node key. A record's place is authenticated with it, so that no record can
 * stand in for another.
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
    const sealed = Buffer.alloc(sealedBytes(plain.length));
    this.#entropy.fill(sealed.subarray(0, NONCE_BYTES));
    sealBox(sealed, this.#key.view(), Buffer.from(place), plain);
    return sealed;
  }

  /** The caller owns what it gets. Throws `host.store_damaged` when the record is not what was sealed for `place`. */
  open(place: string, sealed: Uint8Array): SecretBytes {
    const plain = openBox(sealed, this.#key.view(), Buffer.from(place));
    if (plain !== undefined) return plain;
    throw new AgentError('host.store_damaged', `the stored record "${place}" cannot be opened`, {
      fault: 'host',
      remedy:
        'Check that the node key is the one this store was made with; if it is, the disk has damaged the store: replace it and start with an empty data directory.',
    });
  }

  [Symbol.dispose](): void {
    this.#key.wipe();
  }
}
