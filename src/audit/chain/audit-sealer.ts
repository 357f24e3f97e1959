import { createHmac, hkdfSync } from 'node:crypto';
import { SecretBytes } from '../../secret/secret-bytes.ts';
import type { Link } from './line.ts';

/** What a sealing line says: which key made the seal, and the seal of the line before. */
export type Seal = { readonly key: string; readonly mac: string };

/** Seals places of the chain under a key made from the node key: who has only the disk cannot write the trail anew. */
export class AuditSealer implements Disposable {
  readonly #key: SecretBytes;
  /** Names the key, and tells nothing of it. */
  readonly keyId: string;

  /** @param nodeKey 32 bytes, only lent */
  constructor(nodeKey: SecretBytes) {
    const derived = hkdfSync('sha256', nodeKey.view(), Buffer.alloc(0), 'keyferry audit 1', 32);
    this.#key = SecretBytes.adopt(Buffer.from(derived));
    this.keyId = this.#hmac('keyferry audit key').slice(0, 16);
  }

  /** Vouches for the line `link` and, by the chain, for all before it. */
  seal({ seq, hash }: Link): Seal {
    return { key: this.keyId, mac: this.#hmac(`keyferry audit seal\n${seq}\n${hash}\n`) };
  }

  /** Vouches for it that the lines up to `link` were removed by rule. */
  removal({ seq, hash }: Link): Seal {
    return { key: this.keyId, mac: this.#hmac(`keyferry audit removal\n${seq}\n${hash}\n`) };
  }

  [Symbol.dispose](): void {
    this.#key.wipe();
  }

  #hmac(text: string): string {
    return createHmac('sha256', this.#key.view()).update(text).digest('hex');
  }
}
