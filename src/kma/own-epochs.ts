import { SYNC_UNITS } from '../keys/block-rule.ts';
import type { Block } from '../store/block.ts';
import type { KeyStore } from '../store/key-store.ts';
import type { Pool } from '../store/pool.ts';

/**
 * In which epoch the owner of a direction lays its blocks: the newest that was agreed on, or else the one that it is proposing. A block is for use in
 * an epoch only where the ID secret is held: without it no application would ever get a key of it.
 */
export class OwnEpochs {
  readonly #store: KeyStore;
  readonly #pool: Pool;
  /** That of the last proposal, while none is agreed on. */
  #candidate: number | undefined;
  /** Blocks that begin an epoch, on their way to be ready. */
  readonly #beginning = new Map<number, Promise<void>>();
  readonly #marking = new Set<Block>();

  constructor(store: KeyStore, pool: Pool) {
    this.#store = store;
    this.#pool = pool;
  }

  /** For a block whose epoch is free. */
  get choice(): number | undefined {
    return this.#pool.ownEpoch ?? [...this.#beginning.keys()].at(-1) ?? this.#candidate;
  }

  /** Whether the far end's proof has come, and the block is on its way to be ready: in no other epoch then, whatever else is said. */
  isMarking(block: Block): boolean {
    return this.#marking.has(block);
  }

  proposed(epoch: number): void {
    this.#candidate = epoch;
  }

  /** What was proposed in it comes to nothing; all of them when none is named. */
  giveUp(epoch = this.#candidate): void {
    if (this.#candidate === epoch) this.#candidate = undefined;
  }

  /** The far end has proved to hold the block. @returns whether it is ready, durably; if not it is in doubt now, has ended, or is to go into another epoch */
  async markReady(block: Block, epoch: number, isHeld: () => boolean): Promise<boolean> {
    this.#marking.add(block);
    try {
      return await this.#mark(block, epoch, isHeld);
    } finally {
      this.#marking.delete(block);
    }
  }

  async #mark(block: Block, epoch: number, isHeld: () => boolean): Promise<boolean> {
    if (epoch === block.number) {
      const begun = this.#store.markReady(block, SYNC_UNITS, epoch);
      this.#beginning.set(epoch, begun);
      await begun.finally(() => this.#beginning.delete(epoch));
      return true;
    }
    // Before that is known, nothing is.
    await this.#beginning.get(epoch)?.catch(() => {});
    if (isHeld()) return false;
    if (block.state !== 'received' || !this.#pool.idSecrets.own.has(epoch)) return false;
    await this.#store.markReady(block, SYNC_UNITS, epoch);
    return true;
  }
}
