import type { Clock } from '../env/clock.ts';
import type { Log } from '../env/log.ts';
import { messageOf, rethrowInvariant } from '../errors.ts';
import { limits } from '../limits.ts';
import type { Block } from '../store/block.ts';
import type { KeyStore } from '../store/key-store.ts';
import type { Pool } from '../store/pool.ts';
import { lifetimeMs } from '../store/pool-policy.ts';

/**
 * Destroys key that has had its time: by age from birth, when the other end never agreed on it, and some time after its owner said that
 * it takes no more from the block. Without it the leavings of crashes and of forgetful applications would fill a pool.
 */
export class Retention {
  readonly #store: KeyStore;
  readonly #clock: Clock;
  readonly #log: Log;
  #cancel: () => void = () => {};
  #sweeping = false;
  /** Since when (monotonic milliseconds) a block is known that was born in the future, by a clock that was set back. */
  readonly #future = new WeakMap<Block, number>();
  readonly #doubtful: () => boolean;
  readonly #tell: (remote: string) => void;
  readonly stats = { destroyed: 0, expired: 0, foreign: 0 };

  /**
   * @param doubtful whether the clock may be wrong: then nothing is destroyed by age
   * @param tell called when key of theirs went by age, for whom it was shared with to hear of it
   */
  constructor(
    store: KeyStore,
    clock: Clock,
    log: Log,
    doubtful = () => false,
    tell: (remote: string) => void = () => {},
  ) {
    this.#doubtful = doubtful;
    this.#tell = tell;
    this.#store = store;
    this.#clock = clock;
    this.#log = log;
  }

  start(): void {
    this.#cancel = this.#clock.after(limits.retentionTickMs, () => this.start());
    // A sweep that waits for a slow disk is not overtaken by the next, which would find the same blocks.
    if (this.#sweeping) return;
    this.#sweeping = true;
    this.#sweep()
      .catch((thrown: unknown) => {
        rethrowInvariant(thrown);
        this.#log.error('kma.retention.error', { reason: messageOf(thrown) });
      })
      .finally(() => {
        this.#sweeping = false;
      });
  }

  stop(): void {
    this.#cancel();
  }

  async #sweep(): Promise<void> {
    for (const pool of this.#store.pools()) {
      const outdated = this.#outdated(pool);
      // Their owner goes by its own clock, and would go on taking key from them.
      let told = false;
      for (const block of [...outdated, ...this.#leavings(pool)]) {
        // Used up while the sweep waited for the disk.
        if (block.ended) continue;
        const unanswered = block.state === 'received';
        if (!block.own && !unanswered && outdated.includes(block)) told = true;
        if (unanswered) this.stats.expired += 1;
        else this.stats.destroyed += 1;
        const { number, own, state, left } = block;
        this.#log.info('kma.block.outdated', { pool: pool.remote, number, own, state, keys: left });
        await this.#store.destroy(
          block,
          unanswered ? 'unanswered' : outdated.includes(block) ? 'outdated' : 'unfetched',
        );
      }
      if (told) this.#tell(pool.remote);
    }
    if (this.#doubtful()) return;
    let foreign = 0;
    for (const remote of this.#store.foreign.pools()) {
      const bornBefore = this.#clock.wallMs() - lifetimeMs(this.#store.pool(remote).policy, false);
      foreign += await this.#store.foreign.destroy([remote], bornBefore);
    }
    this.stats.foreign += foreign;
    if (foreign > 0) this.#log.info('kma.foreign_keys.outdated', { keys: foreign });
  }

  #outdated(pool: Pool): Block[] {
    const now = this.#clock.wallMs();
    const found: Block[] = [];
    if (this.#doubtful()) return found;
    for (const own of [true, false]) {
      const mostMs = lifetimeMs(pool.policy, own);
      for (const block of pool.side(own).values()) {
        const age = this.#age(block, now);
        if (age < Math.min(limits.unansweredMs, mostMs) || found.length >= limits.retentionBatch) continue;
        if (age >= mostMs || (age >= limits.unansweredMs && block.state === 'received')) found.push(block);
      }
    }
    return found;
  }

  // What a clock that went back would keep for long has its time from now on.
  #age(block: Block, now: number): number {
    const age = now - block.createdMs;
    if (age >= -limits.clockBackMs) return age;
    const since = this.#future.get(block) ?? this.#clock.monotonicMs();
    this.#future.set(block, since);
    return this.#clock.monotonicMs() - since;
  }

  // Only the owner knows when a block is done. What is left in it then is key that the far application has not fetched, and the
  // leavings of crashes.
  #leavings(pool: Pool): Block[] {
    const now = this.#clock.monotonicMs();
    const found: Block[] = [];
    for (const block of pool.theirs.values()) {
      // The floor may sink again, when a module delivers a block late.
      if (block.number >= pool.theirFloor) block.doneMs = undefined;
      else block.doneMs ??= now;
      if (block.doneMs === undefined) continue;
      if (now - block.doneMs >= limits.unfetchedMs && found.length < limits.retentionBatch) found.push(block);
    }
    return found;
  }
}
