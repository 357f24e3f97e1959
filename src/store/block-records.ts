import type { Entropy } from '../env/entropy.ts';
import { NONCE_BYTES, openBox, sealBox, sealedBytes } from '../keys/secret-box.ts';
import { limits } from '../limits.ts';
import { SecretBytes } from '../secret/secret-bytes.ts';
import type { Block } from './block.ts';
import type { BlockFile } from './block-file.ts';
import { damaged, reading } from './damage.ts';
import type { Sealer } from './seal.ts';
import type { Statements } from './statements.ts';

const KEY_BYTES = 32;

/** A block's key, sealed under a key of its own, which is the caller's to wipe. Not in the database yet. */
export type SealedRecord = {
  readonly own: SecretBytes;
  /** Where it lies in the block file, or the sealed bytes of one that becomes a row. */
  readonly at: number | Buffer;
};

/**
 * The sealed records of blocks. Each has a key of its own: when that is overwritten, the block is gone from every place on the disk, copies that flash or
 * the file system may keep included.
 */
export class BlockRecords {
  readonly #sealer: Sealer;
  readonly #entropy: Entropy;
  readonly #statements: Statements;
  readonly #file: BlockFile;

  constructor(sealer: Sealer, entropy: Entropy, statements: Statements, file: BlockFile) {
    this.#sealer = sealer;
    this.#entropy = entropy;
    this.#statements = statements;
    this.#file = file;
  }

  /** Seals `key`, which is read before this returns its promise; a long one is durable in the block file when it resolves. */
  async write(place: string, key: Uint8Array): Promise<SealedRecord> {
    const own = SecretBytes.alloc(KEY_BYTES);
    this.#entropy.fill(own.view());
    const bytes = sealedBytes(key.length);
    const long = key.length >= limits.blockFileBytesMin;
    const memory = long ? this.#file.lend(bytes) : Buffer.alloc(bytes);
    const sealed = memory.subarray(0, bytes);
    this.#entropy.fill(sealed.subarray(0, NONCE_BYTES));
    sealBox(sealed, own.view(), Buffer.from(place), key);
    if (!long) return { own, at: sealed };
    try {
      return { own, at: await this.#file.write(sealed) };
    } catch (thrown) {
      own.wipe();
      throw thrown;
    } finally {
      this.#file.giveBack(memory);
    }
  }

  /** The record's own key, sealed under the store's key as it is now: for the row of the block, inside a transaction. */
  sealedKey(place: string, standing: Standing, { own }: SealedRecord): Buffer {
    return this.#sealer.seal(keyPlace(place, standing), own.view());
  }

  /** Inside a transaction: the block's own key is sealed for what the row is to say. One that is damaged stays so. */
  reseal({ id, place }: Block, standing: Standing): void {
    const row = this.#row(id);
    const sealedKey = row?.sealed_key;
    if (row === undefined || !(sealedKey instanceof Uint8Array)) return;
    using own = this.#sealer.openIfSound(keyPlace(place, row), sealedKey);
    if (own === undefined) return;
    this.#statements.putBlockKey.run(this.#sealer.seal(keyPlace(place, standing), own.view()), id);
  }

  /** Inside a transaction: a short record becomes a row beside that of its block. */
  insert(id: number, { at }: SealedRecord): void {
    if (typeof at !== 'number') this.#statements.insertKey.run(id, at);
  }

  /** What `write` made came to nothing. @param units of the block */
  abandon({ own, at }: SealedRecord, units: number): void {
    own.wipe();
    if (typeof at === 'number') this.free(at, units);
  }

  /** The key of a live block, the caller's. Throws `host.store_damaged`. */
  read(block: Block): SecretBytes {
    const place = block.place;
    const row = this.#row(block.id);
    const sealedKey = row?.sealed_key;
    if (row === undefined || !(sealedKey instanceof Uint8Array))
      throw damaged(`the key of the stored record "${place}" is gone`);
    using own = this.#sealer.open(keyPlace(place, row), sealedKey);
    const opened =
      block.extent === undefined ? this.#readRow(block, own) : this.#readPlace(block, block.extent, own);
    if (opened !== undefined && opened.length === block.units * limits.unitBytes) return opened;
    opened?.wipe();
    throw damaged(`the stored record "${place}" cannot be opened`);
  }

  /** A place in the block file serves again: the row that named it is durably gone. */
  free(at: number, units: number): void {
    this.#file.free(at, sealedBytes(units * limits.unitBytes));
  }

  #row(id: number): (Standing & { readonly sealed_key: unknown }) | undefined {
    return reading(() => this.#statements.selectBlockKey.get(id)) as
      | (Standing & { readonly sealed_key: unknown })
      | undefined;
  }

  #readRow({ id, place }: Block, own: SecretBytes): SecretBytes | undefined {
    const sealed = reading(() => this.#statements.selectKey.get(id))?.['sealed'];
    return sealed instanceof Uint8Array ? openBox(sealed, own.view(), Buffer.from(place)) : undefined;
  }

  #readPlace({ place, units }: Block, at: number, own: SecretBytes): SecretBytes | undefined {
    const bytes = sealedBytes(units * limits.unitBytes);
    const memory = this.#file.lend(bytes);
    try {
      reading(() => this.#file.read(at, memory.subarray(0, bytes)));
      return openBox(memory.subarray(0, bytes), own.view(), Buffer.from(place));
    } finally {
      this.#file.giveBack(memory);
    }
  }
}

/** What a row says of its block that must not change unseen: a first unit that is too low would hand out key that was spent. */
export type Standing = { readonly state: string; readonly first: number; readonly epoch: number };

/** What the sealed key of a block is bound to. */
export function keyPlace(place: string, { state, first, epoch }: Standing): string {
  return `key of ${place}, ${state} from ${first} in ${epoch}`;
}

/** A record and its own key, sealed for a row each. @param key only lent */
export function sealAlone(
  sealer: Sealer,
  entropy: Entropy,
  place: string,
  standing: Standing,
  key: Uint8Array,
): { readonly sealed: Buffer; readonly sealedKey: Buffer } {
  using own = SecretBytes.alloc(KEY_BYTES);
  entropy.fill(own.view());
  const sealed = Buffer.alloc(sealedBytes(key.length));
  entropy.fill(sealed.subarray(0, NONCE_BYTES));
  sealBox(sealed, own.view(), Buffer.from(place), key);
  return { sealed, sealedKey: sealer.seal(keyPlace(place, standing), own.view()) };
}
