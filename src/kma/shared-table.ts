import { ExpiringMap } from './expiring-map.ts';

/**
 * What is remembered for others for a fixed time, by name. Each of those for whom it is remembered has a share of its own: who asks for too much
 * loses the oldest of its own, and nobody else's.
 */
export class SharedTable<Value> {
  readonly #share: number;
  readonly #lifeMs: number;
  readonly #shares = new Map<string, ExpiringMap<Value>>();

  /** @param share entries that each owner may have */
  constructor(share: number, lifeMs: number) {
    this.#share = share;
    this.#lifeMs = lifeMs;
  }

  /** How many have not expired. */
  count(nowMs: number): number {
    return [...this.entries(nowMs)].length;
  }

  get(name: string, nowMs: number): Value | undefined {
    for (const share of this.#shares.values()) {
      const value = share.get(name, nowMs);
      if (value !== undefined) return value;
    }
    return undefined;
  }

  /** All that has not expired. */
  *entries(nowMs: number): Generator<readonly [string, Value]> {
    for (const share of this.#shares.values()) yield* share.entries(nowMs);
  }

  /** Begins the entry's life anew. @param owner for whom; a neighbour, of which there are few */
  set(owner: string, name: string, value: Value, nowMs: number): void {
    let share = this.#shares.get(owner);
    if (share === undefined) {
      share = new ExpiringMap(this.#share, this.#lifeMs);
      this.#shares.set(owner, share);
    }
    if (share.set(name, value, nowMs)) return;
    share.deleteOldest();
    share.set(name, value, nowMs);
  }

  delete(name: string): void {
    for (const share of this.#shares.values()) share.delete(name);
  }
}
