import type { Clock } from '../env/clock.ts';
import type { Log } from '../env/log.ts';
import { limits } from '../limits.ts';

/** Says that connections were refused, and why the last one was. An operator needs to see it; an attacker must not fill the log. */
export class RefusedLog {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #event: string;
  #nextMs = 0;
  #unlogged = 0;

  /** @param event under which it is said */
  constructor(log: Log, clock: Clock, event: string) {
    this.#log = log;
    this.#clock = clock;
    this.#event = event;
  }

  note(reason: string, address: string | undefined): void {
    this.#unlogged += 1;
    const now = this.#clock.monotonicMs();
    if (now < this.#nextMs) return;
    this.#log.warn(this.#event, { reason, address, count: this.#unlogged });
    this.#nextMs = now + limits.refusedLogMs;
    this.#unlogged = 0;
  }
}
