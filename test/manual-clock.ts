import type { TestContext } from 'node:test';
import type { Clock } from '../src/env/clock.ts';

type Timer = { readonly atMs: number; readonly order: number; readonly fn: () => void };

/** A clock that stands until it is turned. Timers run in the order of their time. */
export class ManualClock implements Clock {
  #nowMs = 1_000_000;
  #order = 0;
  readonly #timers = new Set<Timer>();
  /** Milliseconds by which the wall clock was set forward. */
  wallAheadMs = 0;

  wallMs = (): number => Date.UTC(2026, 0, 1) + this.#nowMs + this.wallAheadMs;
  monotonicMs = (): number => this.#nowMs;

  after = (ms: number, fn: () => void): (() => void) => {
    this.#order += 1;
    const timer = { atMs: this.#nowMs + ms, order: this.#order, fn };
    this.#timers.add(timer);
    return () => {
      this.#timers.delete(timer);
    };
  };

  soon = (fn: () => void): void => void setImmediate(fn);

  /** Turns it by `ms`, running what falls due on the way. */
  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (let timer = this.#next(); timer !== undefined && timer.atMs <= endMs; timer = this.#next()) {
      this.#timers.delete(timer);
      this.#nowMs = Math.max(this.#nowMs, timer.atMs);
      timer.fn();
    }
    this.#nowMs = endMs;
  }

  /** From now on it turns by itself, a millisecond for a real one at most, until the test has ended. */
  run(t: TestContext): this {
    const turning = setInterval(() => this.advance(1), 1);
    t.after(() => clearInterval(turning));
    return this;
  }

  /** Turns it by `ms` in leaps from timer to timer; after each, what it set off has a few turns of the event loop. */
  async leap(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    while (this.#nowMs < endMs) {
      const due = this.#next()?.atMs ?? endMs;
      this.advance(Math.max(0, Math.min(due, endMs) - this.#nowMs));
      await new Promise((resolve) => setTimeout(resolve, 1));
      for (let i = 0; i < 4; i++) await new Promise((resolve) => setImmediate(resolve));
    }
  }

  #next(): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers)
      if (
        first === undefined ||
        timer.atMs < first.atMs ||
        (timer.atMs === first.atMs && timer.order < first.order)
      )
        first = timer;
    return first;
  }
}

/** Waits, real time, until `done` says so. */
export async function until(what: string, done: () => boolean | undefined, ms = 8_000): Promise<void> {
  const endMs = performance.now() + ms;
  while (!done()) {
    if (performance.now() > endMs) throw new Error(`this did not come about: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
