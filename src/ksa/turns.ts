import type { Clock } from '../env/clock.ts';

export type TurnsSettings = {
  readonly atOnce: number;
  readonly waitingMax: number;
  readonly waitMs: number;
};

/** Lets so many through at once; so many others wait, each for so long, in the order in which they came. */
export class Turns {
  readonly #clock: Clock;
  readonly #settings: TurnsSettings;
  readonly #waiting = new Set<(yes: boolean) => void>();
  #taken = 0;

  constructor(clock: Clock, settings: TurnsSettings) {
    this.#clock = clock;
    this.#settings = settings;
  }

  /** @returns whether it is one's turn: whoever got true gives it back, on every path */
  async take(): Promise<boolean> {
    const { atOnce, waitingMax, waitMs } = this.#settings;
    if (this.#taken < atOnce) {
      this.#taken += 1;
      return true;
    }
    if (this.#waiting.size >= waitingMax) return false;
    return new Promise((resolve) => {
      const answer = (yes: boolean) => {
        this.#waiting.delete(answer);
        cancel();
        resolve(yes);
      };
      const cancel = this.#clock.after(waitMs, () => answer(false));
      this.#waiting.add(answer);
    });
  }

  give(): void {
    const [next] = this.#waiting;
    if (next === undefined) this.#taken -= 1;
    else next(true);
  }
}
