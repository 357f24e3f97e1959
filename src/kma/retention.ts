import type { Clock } from '../env/clock.ts';
import type { Log } from '../env/log.ts';
import { messageOf, rethrowInvariant } from '../errors.ts';
import { limits } from '../limits.ts';
import type { Block } from '../store/block.ts';
import type { KeyStore } from '../store/key-store.ts';
import type { Pool } from '../store/pool.ts';

/**
 * Destroys key that has had its time: by age from birth, when the other end never agreed on it, and, while a pool is over half full,
 * when the far application has not fetched it for long. Without it the leavings of crashes and of forgetful applications would fill a pool.
 */
export class Retention {
  readonly #store: KeyStore;
  readonly #clock: Clock;
  readonly #log: Log;
  #cancel: () => void = () => {};
  readonly stats = { destroyed: 0, expired: 0 };

  constructor(store: KeyStore, clock: Clock, log: Log) {
    this.#store = store;
    this.#clock = clock;
    this.#log = log;
  }

  start(): void {
    this.#sweep().catch((thrown: unknown) => {
      rethrowInvariant(thrown);
      this.#log.error('kma.retention.error', { reason: messageOf(thrown) });
    });
    this.#cancel = this.#clock.after(limits.retentionTickMs, () => this.start());
  }

  stop(): void {
    this.#cancel();
  }

  async #sweep(): Promise<void> {
    for (const pool of this.#store.pools()) {
      for (const block of [...this.#outdated(pool), ...this.#leavings(pool)]) {
        const unanswered = block.state === 'received';
        if (unanswered) this.stats.expired += 1;
        else this.stats.destroyed += 1;
        const { number, own, state, left } = block;
        this.#log.info('kma.block.outdated', { pool: pool.remote, number, own, state, keys: left });
        await this.#store.destroy(block, unanswered ? 'expired' : 'destroyed');
      }
    }
  }

  // Blocks lie in the order in which they came, so the first that is young enough ends the search.
  #outdated(pool: Pool): Block[] {
    const now = this.#clock.wallMs();
    const found: Block[] = [];
    for (const own of [true, false]) {
      const lifetimeMs = own ? limits.ownKeyLifetimeMs : limits.theirKeyLifetimeMs;
      for (const block of pool.side(own).values()) {
        const age = now - block.createdMs;
        if (age < limits.unansweredMs || found.length >= limits.retentionBatch) break;
        if (age >= lifetimeMs || block.state === 'received') found.push(block);
      }
    }
    return found;
  }

  #leavings(pool: Pool): Block[] {
    const half = Math.min(limits.linkPoolBytesMax, limits.relayPoolBytesMax) / limits.unitBytes / 2;
    const before = this.#clock.wallMs() - limits.unfetchedMs;
    let surplus = pool.heldUnits - half;
    const found: Block[] = [];
    for (const block of pool.theirs.values()) {
      if (surplus <= 0 || found.length >= limits.retentionBatch || block.createdMs > before) break;
      // Key of blocks that nothing was used of is stock, not leavings.
      if (block.state !== 'ready' || (block.usedCount === 0 && block.number >= pool.newestUsed)) continue;
      found.push(block);
      surplus -= block.units;
    }
    return found;
  }
}
