import type { Clock } from '../env/clock.ts';
import { ownsBlock } from '../keys/block-rule.ts';
import { limits } from '../limits.ts';
import type { Block } from '../store/block.ts';
import { blocksToEvict } from '../store/eviction.ts';
import type { KeyStore } from '../store/key-store.ts';
import type { Synchronise } from './synchronise.ts';

/**
 * Room in the pool of a link for what its module delivers. Each direction has half. One that is used less than the other must not stop the module, or
 * the other would run dry: what it has too much of is given up, or what is oldest in it, as configured.
 */
export class LinkRoom {
  readonly #self: string;
  readonly #remote: string;
  readonly #store: KeyStore;
  readonly #synchronise: Synchronise;
  readonly #clock: Clock;
  /** Until when (monotonic milliseconds) room is not looked for again, by direction: a look goes through all blocks. */
  readonly #noneUntilMs = { own: 0, theirs: 0 };

  constructor(self: string, remote: string, store: KeyStore, synchronise: Synchronise, clock: Clock) {
    this.#self = self;
    this.#remote = remote;
    this.#store = store;
    this.#synchronise = synchronise;
    this.#clock = clock;
  }

  /** @returns how many blocks had to go for one of this number; undefined when there is no room and none can be made */
  make(number: number): number | undefined {
    const pool = this.#store.pool(this.#remote);
    const own = ownsBlock(this.#self, this.#remote, number);
    const direction = own ? 'own' : 'theirs';
    const now = this.#clock.monotonicMs();
    const useless = now < this.#noneUntilMs[direction] ? undefined : this.#neverAgreed;
    const evicted = blocksToEvict(pool, own, pool.policy.maxUnits / 2, useless);
    if (evicted === undefined && useless !== undefined)
      this.#noneUntilMs[direction] = now + limits.roomSoughtMs;
    for (const old of evicted ?? []) this.#store.destroyLater(old, 'evicted');
    return evicted?.length;
  }

  // Both ends were there for long enough: the other one's module has not delivered it. A direction full of such blocks would take nothing that can be used.
  readonly #neverAgreed = ({ state, arrivedMs }: Block): boolean => {
    const since = this.#synchronise.agreesSinceMs;
    if (state !== 'received' || since === undefined) return false;
    return this.#clock.monotonicMs() - Math.max(since, arrivedMs ?? since) >= limits.agreementMs;
  };
}
