import type { Clock } from '../env/clock.ts';
import type { Log } from '../env/log.ts';
import { limits } from '../limits.ts';

/** Says that connections were refused, and why the last one was. An operator needs to see it; an attacker must not fill the log. */
export class RefusedLog {
  readonly #log: Log;
  readonly #clock: Clock;
  #nextMs = 0;
  #unlogged = 0;

  constructor(log: Log, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  note(reason: string, address: string | undefined): void {
    this.#unlogged += 1;
    const now = this.#clock.monotonicMs();
    if (now < this.#nextMs) return;
    this.#log.warn('kx.connection.refused', { reason, address, count: this.#unlogged });
    this.#nextMs = now + limits.refusedLogMs;
    this.#unlogged = 0;
  }
}
