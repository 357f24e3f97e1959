import { isZeros } from '../bytes/zeros.ts';
import { AgentError, assert, messageOf } from '../errors.ts';
import { limits } from '../limits.ts';
import { SecretBytes } from '../secret/secret-bytes.ts';
import type { Block } from './block.ts';
import { damaged } from './damage.ts';
import type { KeyStore } from './key-store.ts';
import type { Pool } from './pool.ts';
import { burnNext, burnsFor, type Part, planKeys, planPad, type TakePlan, unitsOf } from './take-plan.ts';

/** Key handed out. Its burn is durable. The receiver owns `bytes` and wipes them. */
export type Taken = {
  readonly number: number;
  readonly index: number;
  readonly units: number;
  readonly epoch: number;
  readonly bytes: SecretBytes;
};

/** A pad range handed out: the pieces' bytes one after the other. */
export type TakenPad = {
  readonly segments: readonly { number: number; index: number; units: number }[];
  readonly bytes: SecretBytes;
};

/** Hands out key of the store and burns it first (design rule 1): own blocks in order, their blocks as they are asked for. */
export class Allocator {
  readonly #store: KeyStore;

  constructor(store: KeyStore) {
    this.#store = store;
  }

  /**
   * `count` keys of `units` KMA-keys each, all or none; undefined when the pool has not enough.
   * @param reserve units that are left for others
   */
  takeKeys(pool: Pool, count: number, units: number, reserve = 0): Promise<Taken[] | undefined> {
    const take = ({ parts }: TakePlan) => {
      const all = this.#copies(parts);
      this.#usedUp(pool, parts);
      return all.map((bytes, i) => {
        const { block, index, units } = parts[i]!;
        return { number: block.number, index, units, epoch: block.epoch, bytes };
      });
    };
    const plan = () =>
      pool.ownLeft - count * units < reserve ? undefined : planKeys(pool.queue, count, units);
    return this.#burnThen(pool, count * units, plan, take);
  }

  /** A pad of `units` KMA-keys; undefined when the pool has not enough. @param reserve units that are left for others */
  takePad(pool: Pool, units: number, reserve = 0): Promise<TakenPad | undefined> {
    const take = ({ parts }: TakePlan) => {
      const bytes = this.#joined(parts);
      this.#usedUp(pool, parts);
      return {
        segments: parts.map(({ block, index, units }) => ({ number: block.number, index, units })),
        bytes,
      };
    };
    const plan = () => (pool.ownLeft - units < reserve ? undefined : planPad(pool.queue, units));
    return this.#burnThen(pool, units, plan, take);
  }

  /**
   * Opens units of their blocks for good: marks them, burns them durably, then hands them out, all or none.
   * @param ahead whether units after these may be burnt with them, which a crash then costs: never where the far end also takes pads
   * @returns undefined when one of them is not there or was opened before
   */
  async open(pool: Pool, wanted: readonly { number: number; index: number; units: number }[], ahead = false) {
    const parts = this.#mark(pool, wanted);
    if (parts === undefined) return undefined;
    const bytes: SecretBytes[] = [];
    try {
      bytes.push(...this.#copies(parts));
      const burns = this.#store.theirBurns.burn(pool, parts, ahead);
      if (burns.size > 0) await Promise.all(burns);
    } catch (thrown) {
      for (const one of bytes) one.wipe();
      for (const part of parts) {
        part.block.unuse(part.index, part.units);
        // It may be wiped in memory: the disk still has it.
        this.#store.open.forget(part.block);
      }
      throw thrown;
    }
    this.#wipe(parts);
    this.#destroyUsedUp(parts);
    return bytes;
  }

  /**
   * The pad of a message that came in, at once: the sender has burnt it; here the mark reaches the disk with the next commit. A message
   * that is not authentic spends nothing, or anyone could drain the link.
   * @param authentic looks at the bytes, which are only lent
   * @returns the bytes, the caller's; undefined when a piece is not there, was used before, or the message is not authentic
   */
  receivePad(
    pool: Pool,
    segments: readonly { number: number; index: number; units: number }[],
    authentic: (bytes: SecretBytes) => boolean,
  ): SecretBytes | undefined {
    const parts = this.#mark(pool, segments);
    if (parts === undefined) return undefined;
    const bytes = this.#joined(parts);
    if (!authentic(bytes)) {
      bytes.wipe();
      for (const part of parts) part.block.unuse(part.index, part.units);
      return undefined;
    }
    for (const block of new Set(parts.map((part) => part.block))) this.#store.theirBurns.markLazily(block);
    this.#wipe(parts);
    this.#destroyUsedUp(parts);
    return bytes;
  }

  // In the order in which they came: or whoever wants much would wait for ever behind those who want little, who use up what he has burnt.
  async #burnThen<Result>(
    pool: Pool,
    units: number,
    makePlan: () => TakePlan | undefined,
    take: (plan: TakePlan) => Result,
  ): Promise<Result | undefined> {
    if (pool.taking) await new Promise<void>((letIn) => pool.waiting.push({ units, letIn }));
    pool.taking = true;
    try {
      return await this.#burnAndTake(pool, makePlan, take);
    } finally {
      const next = pool.waiting.shift();
      if (next === undefined) pool.taking = false;
      else next.letIn();
    }
  }

  // Plans, burns what the plan needs, and plans again, until a plan lies in burnt key as a whole; then takes it at once,
  // so that nobody else can have used up and destroyed its blocks in between.
  async #burnAndTake<Result>(
    pool: Pool,
    makePlan: () => TakePlan | undefined,
    take: (plan: TakePlan) => Result,
  ): Promise<Result | undefined> {
    for (;;) {
      const plan = makePlan();
      if (plan === undefined) return undefined;
      const burns = burnsFor(plan, this.#stride(pool));
      if (burns.size === 0) {
        for (const { block, index, units } of plan.parts) {
          assert(index === block.next && index + units <= block.burntTo, 'key is taken in order and burnt');
          block.next = index + units;
          pool.ownLeft -= units;
        }
        for (const block of plan.passedOver) this.#store.destroyLater(block, 'used_up');
        try {
          const result = take(plan);
          this.#burnAhead(pool);
          return result;
        } catch (thrown) {
          // That block has been put aside: another will do.
          if (!isDamage(thrown)) throw thrown;
          continue;
        }
      }
      // With it for all who wait: on a slow disk one after the other would never get through.
      burnNext(burns, pool.queue, Math.min(unitsOf(plan) + pool.waitingUnits, limits.burnStrideUnitsMax));
      await this.#burning(pool, burns);
    }
  }

  // While key is used quickly, the next stride is burnt before the last one is used up, so that nobody waits for it.
  #burnAhead(pool: Pool): void {
    const stride = this.#stride(pool);
    const plan = pool.burning === undefined ? planPad(pool.queue, stride / 2) : undefined;
    if (plan === undefined || stride === limits.burnStrideUnitsMin) return;
    const burns = burnsFor(plan, stride);
    if (burns.size === 0) return;
    this.#burning(pool, burns).catch((thrown: unknown) => {
      this.#store.log.error('store.burn_failed', { pool: pool.remote, reason: messageOf(thrown) });
    });
  }

  #burning(pool: Pool, burns: Map<Block, number>): Promise<void> {
    pool.burning ??= this.#burn(pool, burns).finally(() => {
      pool.burning = undefined;
    });
    return pool.burning;
  }

  async #burn(pool: Pool, burns: Map<Block, number>): Promise<void> {
    const { statements, clock } = this.#store;
    await this.#store.commit.stage(() => {
      for (const [block, upto] of burns) {
        statements.putBurntTo.run(block.id, upto);
        statements.recordBurn.run(block.id, block.burntTo, upto, clock.wallMs());
      }
    });
    for (const [block, upto] of burns) block.burntTo = upto;
    this.#adapt(pool);
  }

  #stride(pool: Pool): number {
    return Math.max(pool.stride, limits.burnStrideUnitsMin);
  }

  // A stride used up quickly makes the next one longer; a crash wastes at most what the pool lately used in that time.
  #adapt(pool: Pool): void {
    const now = this.#store.clock.monotonicMs();
    const quick = now - pool.strideAtMs < limits.burnStrideMs;
    pool.stride = quick
      ? Math.min(this.#stride(pool) * 2, limits.burnStrideUnitsMax)
      : limits.burnStrideUnitsMin;
    pool.strideAtMs = now;
  }

  #usedUp(pool: Pool, parts: readonly Part[]): void {
    this.#wipe(parts);
    for (const { block } of parts)
      if (block.next === block.units && pool.queue.has(block)) this.#store.destroyLater(block, 'used_up');
  }

  // Who has asked has a copy.
  #wipe(parts: readonly Part[]): void {
    for (const { block, index, units } of parts) this.#store.open.wipeUsed(block, index, units);
  }

  // All or none: when one cannot be read, those before it are wiped.
  #copies(parts: readonly Part[]): SecretBytes[] {
    const copies: SecretBytes[] = [];
    try {
      for (const part of parts) copies.push(SecretBytes.copyOf(this.#view(part)));
      return copies;
    } catch (thrown) {
      for (const copy of copies) copy.wipe();
      throw thrown;
    }
  }

  // The pieces of a pad as one run of bytes.
  #joined(parts: readonly Part[]): SecretBytes {
    const whole = SecretBytes.pooled(parts.reduce((sum, { units }) => sum + units, 0) * limits.unitBytes);
    try {
      let at = 0;
      for (const part of parts) {
        whole.view().set(this.#view(part), at);
        at += part.units * limits.unitBytes;
      }
      return whole;
    } catch (thrown) {
      whole.wipe();
      throw thrown;
    }
  }

  // Lends the bytes, until the next view of any block. Of a store that is closed there are none.
  #view({ block, index, units }: Part): Buffer {
    this.#store.commit.assertWhole();
    try {
      const [from, to] = [index * limits.unitBytes, (index + units) * limits.unitBytes];
      const bytes = this.#store.open.view(block).subarray(from, to);
      // Zeros would be no cover, and the authenticator under them is known to everyone. Where another KMA chose the key, it may have chosen them.
      for (let at = 0; at < bytes.length; at += limits.unitBytes) {
        if (!isZeros(bytes, at, limits.unitBytes)) continue;
        const inStore = (key: Buffer) => isZeros(key, from + at, limits.unitBytes);
        assert(this.#store.open.lendWhole(block, inStore), 'key that was wiped is not used again');
        throw damaged('a KMA-key of it is all zeros');
      }
      return bytes;
    } catch (thrown) {
      if (isDamage(thrown)) this.#putAside(block, thrown);
      throw thrown;
    }
  }

  #putAside(block: Block, { message, remedy }: AgentError): void {
    this.#store.log.error('store.block_damaged', { block: block.place, reason: message, remedy });
    this.#store.destroyLater(block, 'damaged');
  }

  #mark(pool: Pool, wanted: readonly { number: number; index: number; units: number }[]): Part[] | undefined {
    const parts: Part[] = [];
    for (const { number, index, units } of wanted) {
      const block = pool.theirs.get(number);
      if (block?.state !== 'ready' || !block.use(index, units)) {
        for (const part of parts) part.block.unuse(part.index, part.units);
        return undefined;
      }
      parts.push({ block, index, units });
    }
    return parts;
  }

  #destroyUsedUp(parts: readonly Part[]): void {
    for (const { block } of parts)
      if (block.state === 'ready' && block.left === 0) this.#store.destroyLater(block, 'used_up');
  }
}

function isDamage(thrown: unknown): thrown is AgentError {
  return thrown instanceof AgentError && thrown.code === 'host.store_damaged';
}
