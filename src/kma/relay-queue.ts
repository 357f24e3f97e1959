import { limits } from '../limits.ts';

/** What carries requests to one destination. */
export type Carrier<Result> = {
  /**
   * Relays so many KMA-keys under one request ID.
   * @param arrived to be called when the answer is there, though it may not be worked on yet: the next may go
   */
  carry(count: number, arrived: () => void): Promise<Result>;
  /** How many may be under way at once. */
  transfers(): number;
  /** KMA-keys for which there is pad now. */
  room(): number;
  nowMs(): number;
  /** What is said to who has waited for `limits.relayQueueMs` in vain. */
  late(): Error;
};

type Waiting<Result> = {
  readonly count: number;
  readonly sinceMs: number;
  resolve(result: Result): void;
  reject(reason: unknown): void;
};

/**
 * Requests to one destination, in order. Those that come while others are under way share messages: as with commits to a disk, what a message
 * costs is then paid once for all of them, and nobody waits for it who need not.
 */
export class RelayQueue<Result> {
  readonly #carrier: Carrier<Result>;
  readonly #waiting: Waiting<Result>[] = [];
  /** KMA-keys that are waited for. */
  #keys = 0;
  #underway = 0;

  constructor(carrier: Carrier<Result>) {
    this.#carrier = carrier;
  }

  add(count: number): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ count, sinceMs: this.#carrier.nowMs(), resolve, reject });
      this.#keys += count;
      this.#go();
    });
  }

  #go(): void {
    this.#dropLate();
    while (this.#waiting.length > 0 && this.#mayGo()) {
      const shared = this.#next();
      const count = shared.reduce((sum, one) => sum + one.count, 0);
      this.#keys -= count;
      this.#underway += 1;
      const arrived = () => {
        this.#underway -= 1;
        this.#go();
      };
      this.#carrier.carry(count, arrived).then(
        (result) => {
          for (const one of shared) one.resolve(result);
        },
        (reason: unknown) => {
          for (const one of shared) one.reject(reason);
        },
      );
    }
  }

  // Where nobody answers, each of those before them has taken its whole time.
  #dropLate(): void {
    const beforeMs = this.#carrier.nowMs() - limits.relayQueueMs;
    for (
      let first = this.#waiting[0];
      first !== undefined && first.sinceMs <= beforeMs;
      first = this.#waiting[0]
    ) {
      this.#waiting.shift();
      this.#keys -= first.count;
      first.reject(this.#carrier.late());
    }
  }

  // What does not fill a message waits for the one under way, as long as there is one.
  #mayGo(): boolean {
    if (this.#underway === 0) return true;
    return this.#keys >= limits.relayKeysMax - 1 && this.#underway < this.#carrier.transfers();
  }

  // Whole requests, as many as one message holds and pad is there for, at least one.
  #next(): Waiting<Result>[] {
    const most = Math.min(limits.relayKeysMax - 1, this.#carrier.room());
    let count = 0;
    let taken = 0;
    while (taken < this.#waiting.length && (taken === 0 || count + this.#waiting[taken]!.count <= most)) {
      count += this.#waiting[taken]!.count;
      taken += 1;
    }
    return this.#waiting.splice(0, taken);
  }
}
