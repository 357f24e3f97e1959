import { createCipheriv, hkdfSync } from 'node:crypto';
import { assert } from '../errors.ts';
import { limits } from '../limits.ts';
import { SecretBytes } from '../secret/secret-bytes.ts';

export type BlockSourceOptions = {
  /** Both ends of a simulated link are given the same seed. */
  readonly seed: Uint8Array;
  readonly linkId: string;
  readonly blockBytes: number;
  /** May be a fraction. */
  readonly blocksPerSecond: number;
  /** When block 0 comes to be, in milliseconds since the Unix epoch. */
  readonly startMs: number;
};

/**
 * The blocks of a simulated QKD link: a function of seed, link and number only, so that two processes that never talk
 * give the same bits the same number. Not secret from anyone who knows the seed.
 */
export class BlockSource {
  readonly #options: BlockSourceOptions;
  readonly #key: SecretBytes;

  constructor(options: BlockSourceOptions) {
    const { blockBytes, blocksPerSecond } = options;
    assert(blockBytes >= 1 && blockBytes <= limits.bridgeBlockBytesMax, 'simulated block length');
    assert(blocksPerSecond > 0 && Number.isFinite(blocksPerSecond), 'simulated rate');
    this.#options = options;
    const derived = hkdfSync('sha256', options.seed, options.linkId, 'keyferry simulated link', 32);
    this.#key = SecretBytes.adopt(Buffer.from(derived));
  }

  /** The number of the newest block that exists at `wallMs`; -1 before the first. */
  newestAt(wallMs: number): number {
    const { startMs, blocksPerSecond } = this.#options;
    const newest = Math.floor(((wallMs - startMs) * blocksPerSecond) / 1000);
    return Math.max(-1, Math.min(newest, limits.blockNumberMax));
  }

  /** The caller owns the bytes. */
  block(number: number): SecretBytes {
    assert(Number.isSafeInteger(number) && number >= 0 && number <= limits.blockNumberMax, 'block number');
    const counter = Buffer.alloc(16);
    counter.writeBigUInt64BE(BigInt(number));
    const cipher = createCipheriv('aes-256-ctr', this.#key.view(), counter);
    return SecretBytes.adopt(cipher.update(Buffer.alloc(this.#options.blockBytes)));
  }
}
