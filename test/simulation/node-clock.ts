import type { Clock } from '../../src/env/clock.ts';
import type { Timeline } from './timeline.ts';

const BEGINNING = Date.UTC(2026, 0, 1);

/** The wall clock of a machine, which outlives its agents: it drifts, and somebody sets it. */
export class WallClock {
  readonly #timeline: Timeline;
  /** Parts in a million by which it goes too fast. */
  readonly driftPpm: number;
  aheadMs = 0;

  constructor(timeline: Timeline, driftPpm: number) {
    this.#timeline = timeline;
    this.driftPpm = driftPpm;
  }

  get nowMs(): number {
    return Math.floor(BEGINNING + this.#timeline.nowMs * (1 + this.driftPpm / 1e6) + this.aheadMs);
  }
}

/** The clock of one life of an agent. When that has ended, nothing that it has asked for happens any more. */
export class NodeClock implements Clock {
  readonly #timeline: Timeline;
  readonly #wall: WallClock;
  readonly #rate: number;
  readonly #bornMs: number;
  readonly #waiting = new Set<() => void>();
  dead = false;

  constructor(timeline: Timeline, wall: WallClock) {
    this.#timeline = timeline;
    this.#wall = wall;
    this.#rate = 1 + wall.driftPpm / 1e6;
    this.#bornMs = timeline.nowMs;
  }

  get pending(): number {
    return this.#waiting.size;
  }

  wallMs(): number {
    return this.#wall.nowMs;
  }

  monotonicMs(): number {
    return 1_000 + (this.#timeline.nowMs - this.#bornMs) * this.#rate;
  }

  /** No timer of Node.js is due in less than a millisecond. */
  after(ms: number, fn: () => void): () => void {
    return this.#wait(Math.max(1, ms), fn);
  }

  soon(fn: () => void): void {
    this.#wait(0, fn);
  }

  #wait(ms: number, fn: () => void): () => void {
    if (this.dead) return () => {};
    const cancel = this.#timeline.after(ms / this.#rate, () => {
      this.#waiting.delete(cancel);
      fn();
    });
    this.#waiting.add(cancel);
    return () => {
      cancel();
      this.#waiting.delete(cancel);
    };
  }

  kill(): void {
    this.dead = true;
    for (const cancel of this.#waiting) cancel();
    this.#waiting.clear();
  }
}
