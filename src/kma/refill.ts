import type { Clock } from '../env/clock.ts';
import { limits } from '../limits.ts';
import type { KeyStore } from '../store/key-store.ts';
import type { RelaySource } from './relay-source.ts';
import type { Routes } from './routes.ts';

export type WaterMarks = { readonly low: number; readonly high: number };

export type RefillParts = {
  readonly store: KeyStore;
  readonly routes: Routes;
  readonly source: RelaySource;
  readonly clock: Clock;
};

/**
 * Keeps the relay pool with one destination between its water marks (in KMA-keys), ahead of demand, so that supply does not wait for a
 * relay. Takes no more pad than leaves the link some for completions.
 */
export class Refill {
  readonly #destination: string;
  readonly #marks: WaterMarks;
  readonly #store: KeyStore;
  readonly #routes: Routes;
  readonly #source: RelaySource;
  readonly #clock: Clock;
  #filling = false;
  #stopped = false;
  #underway = 0;
  #keysUnderway = 0;
  #backOffMs = 0;
  #notBeforeMs = 0;
  #cancel: () => void = () => {};

  constructor(destination: string, marks: WaterMarks, parts: RefillParts) {
    this.#destination = destination;
    this.#marks = marks;
    this.#store = parts.store;
    this.#routes = parts.routes;
    this.#source = parts.source;
    this.#clock = parts.clock;
  }

  start(): void {
    this.#step();
    this.#cancel = this.#clock.after(limits.refillTickMs, () => this.start());
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  #step(): void {
    if (this.#stopped) return;
    const pool = this.#store.pool(this.#destination);
    const level = pool.ownLeft + this.#keysUnderway;
    // Who asks for more than there is may come again for ever while the pool stands above its low mark.
    if (level < this.#marks.low || pool.askedInVain) this.#filling = true;
    pool.askedInVain = false;
    if (level >= this.#marks.high) this.#filling = false;
    if (!this.#filling || this.#underway >= limits.refillsUnderwayMax) return;
    if (this.#clock.monotonicMs() < this.#notBeforeMs) return;
    const count = Math.min(limits.relayKeysMax - 1, this.#marks.high - level, this.#pad());
    if (count >= 1) this.#relay(count);
  }

  // One unit authenticates, one may be the ID secret; a reserve stays for completions and for retries.
  #pad(): number {
    const next = this.#routes.transit(this.#destination)?.[0] ?? this.#destination;
    // There, no pad is laid on key.
    if (this.#routes.isPlain(next)) return limits.relayKeysMax;
    const pool = this.#store.pool(next);
    // A pad has so many pieces at most, each in one block.
    let pieces = 0;
    let reach = 0;
    for (const block of pool.queue) {
      reach += block.left;
      pieces += 1;
      if (pieces === limits.padSegmentsMax || reach > limits.relayKeysMax) break;
    }
    return Math.min(reach - 2, pool.ownLeft - limits.padReserveUnits);
  }

  #relay(count: number): void {
    this.#underway += 1;
    this.#keysUnderway += count;
    const done = (backOffMs: number) => {
      this.#underway -= 1;
      this.#keysUnderway -= count;
      this.#backOffMs = backOffMs;
      this.#notBeforeMs = this.#clock.monotonicMs() + backOffMs;
      this.#step();
    };
    // The failure itself was logged and counted by the source.
    this.#source.relay(this.#destination, count).then(
      () => done(0),
      () =>
        done(Math.min(Math.max(this.#backOffMs * 2, limits.refillBackOffMsMin), limits.refillBackOffMsMax)),
    );
  }
}
