import { relayPools } from '../config/relay-pools.ts';
import type { Config } from '../config/schema.ts';
import { Refill, type RefillParts, type WaterMarks } from '../kma/refill.ts';
import { usualPolicy } from '../store/pool-policy.ts';

/** What the configuration says of pools: how much key each may hold and for how long, and which of them relay keeps filled. */
export class PoolKeeping {
  readonly #parts: RefillParts;
  readonly #refills = new Map<string, { readonly marks: WaterMarks; readonly refill: Refill }>();

  constructor(parts: RefillParts) {
    this.#parts = parts;
  }

  setPolicies({ pools }: Config): void {
    const { store } = this.#parts;
    for (const pool of store.pools()) pool.policy = usualPolicy;
    for (const { kma_id, max_keys, max_age_hours, when_full } of pools)
      store.pool(kma_id).policy = {
        maxUnits: max_keys,
        ownLifetimeMs: max_age_hours * 3_600_000,
        whenFull: when_full,
      };
  }

  /** Begins to fill what is to be filled, and leaves alone what is filled so already. */
  fill(config: Config): void {
    const wanted = relayPools(config);
    for (const [remote, { marks, refill }] of this.#refills) {
      const now = wanted.get(remote);
      if (now?.low === marks.low && now.high === marks.high) continue;
      refill.stop();
      this.#refills.delete(remote);
    }
    for (const [remote, marks] of wanted) {
      if (this.#refills.has(remote)) continue;
      const refill = new Refill(remote, marks, this.#parts);
      this.#refills.set(remote, { marks, refill });
      refill.start();
    }
  }

  stop(): void {
    for (const { refill } of this.#refills.values()) refill.stop();
  }
}
