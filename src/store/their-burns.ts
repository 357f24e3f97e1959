import type { Clock } from '../env/clock.ts';
import type { Log } from '../env/log.ts';
import { messageOf } from '../errors.ts';
import { limits } from '../limits.ts';
import type { Block } from './block.ts';
import type { GroupCommit } from './group-commit.ts';
import { storedMarks } from './marks.ts';
import type { Pool } from './pool.ts';
import type { Statements } from './statements.ts';
import type { Part } from './take-plan.ts';

/** Puts the burn marks of their blocks on disk: at once where somebody waits, ahead of use while key is fetched quickly. */
export class TheirBurns {
  readonly #statements: Statements;
  readonly #commit: GroupCommit;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #dirty = new Map<Block, Promise<void>>();
  readonly #lazy = new Set<Block>();
  readonly #poolOf: (remote: string) => Pool;

  constructor(
    parts: { statements: Statements; commit: GroupCommit; clock: Clock; log: Log },
    poolOf: (remote: string) => Pool,
  ) {
    this.#statements = parts.statements;
    this.#commit = parts.commit;
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.#poolOf = poolOf;
  }

  /**
   * Burns units that are marked in memory.
   * @param ahead whether others may be burnt with them that nobody has asked for yet
   * @returns what is to be waited for before they are handed out: nothing, when they are burnt ahead
   */
  burn(pool: Pool, parts: readonly Part[], ahead: boolean): ReadonlySet<Promise<void>> {
    const burns = new Set<Promise<void>>();
    for (const part of parts) {
      // What an owner that takes pads has burnt it compares with what we say was used.
      const burn =
        ahead && part.block.origin === 'relay' ? this.#burnAhead(pool, part) : this.#write(part.block);
      if (burn !== undefined) burns.add(burn);
    }
    return burns;
  }

  /** The marks of a block reach the disk with the next transaction, at the latest after `limits.lazyCommitMs`. */
  markLazily(block: Block): void {
    if (this.#dirty.has(block) || this.#lazy.has(block)) return;
    this.#lazy.add(block);
    const write = () => {
      this.#lazy.delete(block);
      this.#put(block);
    };
    this.#commit.stageLazily(write, ({ message }) => {
      this.#lazy.delete(block);
      this.#log.error('store.burn_failed', { block: block.place, reason: message });
    });
  }

  /** Before the store closes: what is burnt ahead of use is free again on disk. Only a crash costs it. */
  closeAhead(pools: Iterable<Pool>): void {
    for (const pool of pools) {
      pool.cancelAheadIdle();
      for (const block of pool.ahead.close()) this.markLazily(block);
    }
  }

  #burnAhead(pool: Pool, part: Part): Promise<void> | undefined {
    const { ahead } = pool;
    const nowMs = this.#clock.monotonicMs();
    const covered = ahead.covers(part);
    if (ahead.opened(part, nowMs)) this.#moveAhead(pool, ahead.move(part, nowMs));
    if (covered) return undefined;
    const move = ahead.soonCovers(part) ? pool.aheadMoving : undefined;
    return move ?? this.#write(part.block);
  }

  #moveAhead(pool: Pool, blocks: readonly Block[]): void {
    pool.cancelAheadIdle();
    if (blocks.length === 0) return;
    const move = Promise.all(blocks.map((block) => this.#write(block))).then(() => pool.ahead.moved(true));
    pool.aheadMoving = move;
    move.catch((thrown: unknown) => {
      pool.ahead.moved(false);
      this.#log.error('store.burn_failed', { pool: pool.remote, reason: messageOf(thrown) });
    });
    this.#closeWhenIdle(pool);
  }

  #closeWhenIdle(pool: Pool): void {
    pool.cancelAheadIdle = this.#clock.after(limits.openAheadIdleMs, () => {
      if (pool.ahead.moving) this.#closeWhenIdle(pool);
      else this.#moveAhead(pool, pool.ahead.close());
    });
  }

  // All marks that a block gets before the next commit go to disk in one write.
  #write(block: Block): Promise<void> {
    let burn = this.#dirty.get(block);
    if (burn === undefined) {
      burn = this.#commit.stage(() => {
        this.#dirty.delete(block);
        this.#put(block);
      });
      this.#dirty.set(block, burn);
      // When the transaction never began, the write above has not run.
      burn.catch(() => this.#dirty.delete(block));
    }
    return burn;
  }

  #put(block: Block): void {
    if (block.state !== 'ready') return;
    const image = this.#poolOf(block.pool).ahead.image(block);
    this.#statements.putBurntSet.run(block.id, storedMarks(block.id, image));
  }
}
