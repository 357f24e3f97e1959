import { AgentError } from '../errors.ts';
import { limits } from '../limits.ts';
import type { SecretBytes } from '../secret/secret-bytes.ts';
import type { Block } from './block.ts';
import type { Sealer } from './seal.ts';
import type { Statements } from './statements.ts';

/** The blocks that are in use now, unsealed: the least recently used one is wiped when there are too many. */
export class OpenBlocks implements Disposable {
  readonly #sealer: Sealer;
  readonly #statements: Statements;
  readonly #open = new Map<number, SecretBytes>();

  constructor(sealer: Sealer, statements: Statements) {
    this.#sealer = sealer;
    this.#statements = statements;
  }

  /** Lends the key bytes of a live block, until the next call of this class. Throws `host.store_damaged`. */
  view(block: Block): Buffer {
    const known = this.#open.get(block.id);
    if (known !== undefined) {
      this.#open.delete(block.id);
      this.#open.set(block.id, known);
      return known.view();
    }
    const row = this.#statements.selectKey.get(block.id);
    if (row === undefined) {
      throw new AgentError('host.store_damaged', `the stored record "${block.place}" is gone`, {
        fault: 'host',
        remedy: 'The disk has lost part of the store: replace it and start with an empty data directory.',
      });
    }
    const sealed = row['sealed'] as Uint8Array<ArrayBuffer>;
    const opened = this.#sealer.open(block.place, sealed);
    // Gives the memory back at once: left to the collector, a megabyte for each block would keep it busy.
    sealed.buffer.transfer(0);
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
