import type { Clock } from '../env/clock.ts';
import { limits } from '../limits.ts';

/**
 * Modules may say the QBER in their telemetry alone, about once a second. So the blocks that come before the first telemetry of an opening wait
 * for it, where it decides whether they are taken; of a module that says none for too long, those that come later do not.
 */
export class FirstQber {
  readonly #clock: Clock;
  #waiting: (() => void)[] = [];
  #cancel: (() => void) | undefined;
  #late = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves when it is said, or will not be. */
  wait(): Promise<void> {
    if (this.#late) return Promise.resolve();
    this.#cancel ??= this.#clock.after(limits.firstQberMs, () => {
      this.#late = true;
      this.said();
    });
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  said(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const go of waiting) go();
  }

  /** The module was opened, or lost. */
  reset(): void {
    this.#late = false;
    this.said();
  }
}
