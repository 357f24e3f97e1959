import type { Clock } from '../env/clock.ts';
import { rethrowInvariant } from '../errors.ts';
import { limits } from '../limits.ts';
import type { Block } from '../store/block.ts';
import type { KeyStore } from '../store/key-store.ts';

/** Destroys suspect blocks, and goes on trying while the disk takes nothing. */
export class SuspectDestruction {
  readonly #store: KeyStore;
  readonly #clock: Clock;
  readonly #onDestroyed: () => void;
  /** To be destroyed once more in a moment. */
  readonly #undestroyed = new Set<Block>();
  #stopped = false;

  /** @param onDestroyed called once blocks are durably gone: the other end is to hear of it */
  constructor(store: KeyStore, clock: Clock, onDestroyed: () => void) {
    this.#store = store;
    this.#clock = clock;
    this.#onDestroyed = onDestroyed;
  }

  stop(): void {
    this.#stopped = true;
  }

  /** @throws AgentError `host.store_…`: it is tried again by itself */
  async run(blocks: readonly Block[]): Promise<void> {
    try {
      await Promise.all(blocks.map((block) => this.#store.destroy(block, 'suspect')));
    } catch (thrown) {
      rethrowInvariant(thrown);
      this.#again(blocks);
      throw thrown;
    }
    this.#onDestroyed();
  }

  // All of them at once, however often they were to be destroyed.
  #again(blocks: readonly Block[]): void {
    if (this.#undestroyed.size === 0)
      this.#clock.after(limits.destroyRetryMs, () => {
        const all = [...this.#undestroyed];
        this.#undestroyed.clear();
        if (!this.#stopped) this.run(all).catch(() => {});
      });
    for (const block of blocks) this.#undestroyed.add(block);
  }
}
