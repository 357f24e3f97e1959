import type { Clock } from '../env/clock.ts';
import type { Log } from '../env/log.ts';
import { type AgentError, assert } from '../errors.ts';
import { type EndReason, type EndState, endOf } from '../keys/life-cycle.ts';
import { limits } from '../limits.ts';
import type { Block, BlockChange } from './block.ts';
import type { BlockRecords } from './block-records.ts';
import type { GroupCommit } from './group-commit.ts';
import type { OpenBlocks } from './open-blocks.ts';
import type { Pool } from './pool.ts';
import type { Statements } from './statements.ts';

export type EndingParts = {
  readonly clock: Clock;
  readonly log: Log;
  readonly commit: GroupCommit;
  readonly statements: Statements;
  readonly records: BlockRecords;
  readonly open: OpenBlocks;
  readonly poolOf: (remote: string) => Pool;
  readonly tell: (event: BlockChange) => void;
};

type Ending = { readonly write: () => void; readonly done: () => void };

/** Ends blocks: their key is gone from memory at once and from the disk with the next transaction; their rows stay. */
export class Endings {
  readonly #parts: EndingParts;
  /** Blocks whose end is tried again in a moment. */
  readonly #retried = new Set<Block>();

  constructor(parts: EndingParts) {
    this.#parts = parts;
  }

  /** Resolves when it is durable. Where that fails the block stays out of use, and it is tried again. What has ended stays as it is. */
  async end(block: Block, reason: EndReason): Promise<void> {
    const ending = this.#ending(block, reason);
    try {
      await this.#parts.commit.stage(ending.write);
    } catch (thrown) {
      // Memory and disk must agree: the far end would use for ever what only the disk still has.
      this.#again(block, ending);
      throw thrown;
    }
    ending.done();
  }

  /** The same where nobody waits; tried again until it is done. */
  endLater(block: Block, reason: EndReason): void {
    this.#later(block, this.#ending(block, reason));
  }

  #later(block: Block, { write, done }: Ending): void {
    const { commit, log } = this.#parts;
    const failed = ({ message }: AgentError) => {
      log.error('store.destroy_failed', { block: block.place, reason: message });
      this.#again(block, { write, done });
    };
    commit.stageLazily(write, failed, done);
  }

  // However often it was asked for.
  #again(block: Block, ending: Ending): void {
    if (this.#retried.has(block)) return;
    this.#retried.add(block);
    this.#parts.clock.after(limits.destroyRetryMs, () => {
      this.#retried.delete(block);
      this.#later(block, ending);
    });
  }

  /** From memory alone. */
  drop(block: Block, state: EndState, reason: EndReason): Block {
    if (!block.ended) this.#parts.tell({ what: 'ended', block, keys: block.left, state, reason });
    this.#parts.poolOf(block.pool).drop(block);
    block.state = state;
    this.#parts.open.forget(block);
    return block;
  }

  /** Its row is durably without it: its place in the block file serves again. */
  free({ extent, units }: Block): void {
    if (extent !== undefined) this.#parts.records.free(extent, units);
  }

  // Of one that has ended, and not durably: to end it so once more changes nothing, and who asks is told when it is.
  #ending(block: Block, reason: EndReason): Ending {
    const { statements, clock, poolOf } = this.#parts;
    const { ending } = poolOf(block.pool);
    if (!block.ended) {
      const end = endOf(block.state, reason);
      assert(end !== undefined, `a block that is ${block.state} does not end as ${reason}`);
      this.drop(block, end, reason);
      ending.add(block);
    }
    const write = () => {
      if (!ending.has(block)) return;
      statements.deleteKey.run(block.id);
      statements.deleteBurntTo.run(block.id);
      statements.deleteBurntSet.run(block.id);
      for (const merge of statements.mergeBurns) merge.run({ block: block.id });
      statements.end.run(block.state, reason, clock.wallMs(), block.id);
    };
    const done = () => {
      if (ending.delete(block)) this.free(block);
    };
    return { write, done };
  }
}
