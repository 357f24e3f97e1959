import { limits } from '../limits.ts';
import type { SecretBytes } from '../secret/secret-bytes.ts';
import type { Block } from './block.ts';
import type { BlockRecords } from './block-records.ts';

/** The blocks that are in use now, unsealed: the least recently used one is wiped when there are too many. */
export class OpenBlocks implements Disposable {
  readonly #records: BlockRecords;
  readonly #open = new Map<number, SecretBytes>();

  constructor(records: BlockRecords) {
    this.#records = records;
  }

  /** Lends the key bytes of a live block, until the next call of this class. Throws `host.store_damaged`. */
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
