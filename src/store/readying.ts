import type { AgentError } from '../errors.ts';
import type { SecretBytes } from '../secret/secret-bytes.ts';
import type { Block } from './block.ts';
import type { EndingParts, Endings } from './endings.ts';
import { type IdSecrets, surplusEpochs } from './id-secrets.ts';
import type { Pool } from './pool.ts';

export type ReadyingParts = EndingParts & { readonly secrets: IdSecrets; readonly endings: Endings };

/** Makes blocks ready in an epoch, and takes an epoch out of use. */
export class Readying {
  readonly #parts: ReadyingParts;
  /** Blocks on their way to be ready, and in which epoch. */
  readonly #underway = new Map<Block, number>();

  constructor(parts: ReadyingParts) {
    this.#parts = parts;
  }

  /** Both ends have proved to hold the same bits: the block's units from `first` on are for use. Resolves when that is durable, or the block has ended meanwhile. */
  async markReady(block: Block, first: number, epoch: number): Promise<void> {
    const { open, secrets } = this.#parts;
    const secret = epoch === block.number ? secrets.unitOf(open, block, first) : undefined;
    this.#underway.set(block, epoch);
    try {
      await this.#mark(block, first, epoch, secret);
    } catch (thrown) {
      secret?.wipe();
      throw thrown;
    } finally {
      if (this.#underway.get(block) === epoch) this.#underway.delete(block);
    }
  }

  /** The other end does not hold this ID secret: own blocks of its epoch cannot be found there, nor those that are about to be in it. */
  async forgetEpoch(pool: Pool, epoch: number): Promise<void> {
    const { secrets, commit, endings } = this.#parts;
    if (!pool.idSecrets.own.has(epoch)) return;
    const lies = (block: Block) =>
      this.#underway.get(block) === epoch || (block.state === 'ready' && block.epoch === epoch);
    const blocks = [...pool.own.values()].filter(lies);
    secrets.drop(pool, true, epoch);
    await Promise.all([
      commit.stage(() => secrets.erase(pool, true, epoch)),
      ...blocks.map((block) => endings.end(block, 'forgotten')),
    ]);
  }

  /** An epoch has begun, durably. Where there are too many, the oldest is given up, and with it the own blocks that lie in it. Takes ownership of `secret`. */
  keepSecret(pool: Pool, own: boolean, epoch: number, secret: SecretBytes): void {
    const { secrets, commit, log } = this.#parts;
    secrets.keep(pool, own, epoch, secret);
    const failed = ({ message: reason }: AgentError) => log.error('store.erase_failed', { reason });
    for (const old of surplusEpochs(pool, own)) {
      if (own) this.forgetEpoch(pool, old).catch(failed);
      else {
        secrets.drop(pool, own, old);
        commit.stageLazily(() => secrets.erase(pool, own, old), failed);
      }
    }
  }

  async #mark(block: Block, first: number, epoch: number, secret: SecretBytes | undefined): Promise<void> {
    const { clock, commit, open, poolOf, records, secrets, statements, tell } = this.#parts;
    const pool = poolOf(block.pool);
    const usable = secret === undefined ? first : first + 1;
    // Marked before in an epoch of its own: the KMA-key that was its ID secret is for use now, so it may not stay one.
    const revoked = block.state === 'ready' && block.epoch === block.number && epoch !== block.number;
    await commit.stage(() => {
      records.reseal(block, { state: 'ready', first: usable, epoch });
      statements.setReady.run(usable, epoch, clock.wallMs(), block.id);
      if (revoked) secrets.erase(pool, block.own, block.number);
      if (secret !== undefined) secrets.write(pool, block.own, block.number, secret);
    });
    if (revoked) secrets.drop(pool, block.own, block.number);
    if (block.ended) return this.#takeBack(pool, block, secret);
    if (secret !== undefined) this.keepSecret(pool, block.own, block.number, secret);
    open.readied(block, usable);
    block.first = usable;
    block.epoch = epoch;
    block.burntTo = Math.max(block.burntTo, usable);
    block.next = Math.max(block.next, usable);
    block.state = 'ready';
    pool.readied(block);
    tell({ what: 'ready', block, keys: block.left, state: block.state });
  }

  // The block ended while it was being marked: what was written as its ID secret goes again.
  #takeBack(pool: Pool, block: Block, secret: SecretBytes | undefined): void {
    if (secret === undefined) return;
    const { commit, log, secrets } = this.#parts;
    secret.wipe();
    const failed = ({ message: reason }: AgentError) => log.error('store.erase_failed', { reason });
    commit.stageLazily(() => secrets.erase(pool, block.own, block.number), failed);
  }
}
