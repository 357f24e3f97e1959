import type { Clock } from '../env/clock.ts';
import type { LogFields } from '../env/log.ts';
import { limits } from '../limits.ts';

/** Says that connections were refused, and why the last one was. An operator needs to see it; an attacker must not fill the log. */
export class RefusedLog {
  readonly #clock: Clock;
  readonly #say: (fields: LogFields) => void;
  #nextMs = 0;
  #unlogged = 0;

  constructor(clock: Clock, say: (fields: LogFields) => void) {
    this.#clock = clock;
    this.#say = say;
  }

  note(reason: string, address: string | undefined): void {
    this.#unlogged += 1;
    const now = this.#clock.monotonicMs();
    if (now < this.#nextMs) return;
    this.#say({ reason, address, count: this.#unlogged });
    this.#nextMs = now + limits.refusedLogMs;
    this.#unlogged = 0;
  }
}
