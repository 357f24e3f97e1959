import { limits } from '../limits.ts';
import type { SecretBytes } from '../secret/secret-bytes.ts';
import type { Block } from './block.ts';
import type { BlockRecords } from './block-records.ts';

/**
 * The blocks that are in use now, unsealed: the least recently used one is wiped when there are too many. Units that are used are wiped in
 * it, so that memory has them no longer than whoever uses them.
 */
export class OpenBlocks implements Disposable {
  readonly #records: BlockRecords;
  readonly #open = new Map<number, SecretBytes>();
  /** In which what was used before they were opened is wiped, too. */
  readonly #wiped = new WeakSet<SecretBytes>();

  constructor(records: BlockRecords) {
    this.#records = records;
  }

  /** Lends the key bytes of a live block, until the next call of this class; used units may be wiped in it. Throws `host.store_damaged`. */
  view(block: Block): Buffer {
    const known = this.#open.get(block.id);
    if (known !== undefined) {
      this.#open.delete(block.id);
      this.#open.set(block.id, known);
      return known.view();
    }
    const opened = this.#records.read(block);
    this.#keep(block, opened);
    return opened.view();
  }

  /** Lends all key bytes of a live block, used ones too, for the call of `use`. Throws `host.store_damaged`. */
  lendWhole<Result>(block: Block, use: (key: Buffer) => Result): Result {
    // Nothing of it was used yet.
    if (block.state === 'received') return use(this.view(block));
    using whole = this.#records.read(block);
    return use(whole.view());
  }

  /** Wipes what is used of a block: all that is, when it was not wiped before; else these units. */
  wipeUsed(block: Block, index: number, units: number): void {
    const bytes = this.#open.get(block.id);
    if (bytes === undefined) return;
    if (this.#wiped.has(bytes)) return wipeUnits(bytes, index, units);
    this.#wiped.add(bytes);
    wipeUnits(bytes, 0, block.own ? block.next : block.first);
    const { used } = block;
    if (used === undefined) return;
    for (let unit = block.first; unit < block.units; unit++)
      if (used[unit >> 3]! & (1 << (unit & 7))) wipeUnits(bytes, unit, 1);
  }

  /** Units from `first` on are about to be for use, those before it are spent. */
  readied(block: Block, first: number): void {
    // What was spent, and is wiped, is for use now: the disk still has it.
    if (first < block.first) return this.forget(block);
    const bytes = this.#open.get(block.id);
    if (bytes !== undefined) wipeUnits(bytes, 0, first);
  }

  forget(block: Block): void {
    this.#open.get(block.id)?.wipe();
    this.#open.delete(block.id);
  }

  #keep(block: Block, opened: SecretBytes): void {
    this.#open.set(block.id, opened);
    if (this.#open.size <= limits.openBlocksMax) return;
    const [oldest] = this.#open;
    this.#open.delete(oldest![0]);
    oldest![1].wipe();
  }

  [Symbol.dispose](): void {
    for (const bytes of this.#open.values()) bytes.wipe();
    this.#open.clear();
  }
}

function wipeUnits(bytes: SecretBytes, index: number, units: number): void {
  bytes.view().fill(0, index * limits.unitBytes, (index + units) * limits.unitBytes);
}
