import { limits } from '../limits.ts';
import type { Block } from './block.ts';
import type { Part } from './take-plan.ts';

/** Units of a block of theirs, from `from` up to and without `to`. */
type Window = { readonly block: Block; readonly from: number; readonly to: number };

/**
 * Which units of a pool's blocks of theirs are burnt on disk before anybody asks for them. Applications fetch key nearly in the order in
 * which it was taken, so while they do it quickly, the units around the last one that was opened are burnt ahead, and opening those waits
 * for no disk. There is one such window a pool, and none when key is fetched slowly or in any order: what of it is not opened when the
 * node crashes is lost. What lies behind the window is free on disk again, unless it was opened.
 *
 * Pure: it says what to write and is told when that is durable.
 */
export class OpenAhead {
  #stride = 0;
  #sinceMs = Number.NEGATIVE_INFINITY;
  // Units opened since the last decision, and how many the window then had before it.
  #opened = 0;
  #room = 0;
  // Durable. While another is on its way, only what both have in common counts: the disk may hold either.
  #window: Window | undefined;
  #coming: Window | undefined;
  #moving = false;

  /** Whether the disk holds these units as burnt, whatever becomes of what is written now. */
  covers(part: Part): boolean {
    return within(this.#window, part);
  }

  /** Whether they will be when the move under way is durable. */
  soonCovers(part: Part): boolean {
    return within(this.#coming, part);
  }

  /** Counts units that are opened, and says whether it is time to `move` on from there. */
  opened(part: Part, nowMs: number): boolean {
    const { block, index, units } = part;
    const window = this.#moving ? this.#coming : this.#window;
    if (window === undefined || within(window, part)) this.#opened += units;
    if (this.#moving) return false;
    if (window === undefined) return this.#opened >= limits.burnStrideUnitsMin || !this.#fresh(nowMs);
    if (block === window.block && index >= window.from) {
      const left = window.to - (index + units);
      return left < this.#stride / 2 && (window.to < block.units || left < 0);
    }
    // Key that was left behind is burnt by itself, or the window would go to and fro.
    const behind = block === window.block || block.number < window.block.number;
    return !behind || !this.#fresh(nowMs);
  }

  /**
   * Decides where the window is to be, with `part` as the last that was opened.
   * @returns the blocks to write with `image`, in one transaction; then `moved` is to be called. None when there is nothing to move.
   */
  move(part: Part, nowMs: number): readonly Block[] {
    const { block, index, units } = part;
    const least = this.#window === undefined ? limits.burnStrideUnitsMin : this.#room / 4;
    const quick = this.#fresh(nowMs) && this.#opened >= least;
    const longer = Math.max(this.#stride * 2, limits.burnStrideUnitsMin);
    this.#stride = quick ? Math.min(longer, limits.openAheadUnitsMax) : 0;
    const to = Math.min(block.units, index + units + this.#stride);
    this.#sinceMs = nowMs;
    this.#opened = 0;
    this.#room = to - (index + units);
    const from = Math.max(block.first, index - this.#stride / 2);
    return this.#begin(this.#stride === 0 ? undefined : { block, from, to });
  }

  /** Has the window closed, so that a crash loses nothing. @returns the blocks to write, as `move` does */
  close(): readonly Block[] {
    this.#stride = 0;
    return this.#begin(undefined);
  }

  /** What `move` or `close` decided is durable, or has come to nothing. */
  moved(durable: boolean): void {
    if (durable) this.#window = this.#coming;
    this.#coming = undefined;
    this.#moving = false;
  }

  /** The bits to write for a block of theirs: its used units, and the window. Lent until the next write. */
  image(block: Block): Uint8Array {
    const window = this.#moving ? this.#coming : this.#window;
    const used = block.used ?? new Uint8Array(Math.ceil(block.units / 8));
    if (window?.block !== block) return used;
    const image = used.slice();
    for (let i = window.from; i < window.to; i++) image[i >> 3]! |= 1 << (i & 7);
    return image;
  }

  get moving(): boolean {
    return this.#moving;
  }

  #fresh(nowMs: number): boolean {
    return nowMs - this.#sinceMs < limits.burnStrideMs;
  }

  #begin(next: Window | undefined): readonly Block[] {
    const all = [this.#window, this.#coming, next];
    this.#moving = all.some((window) => window !== undefined);
    this.#window = common(this.#window, next);
    this.#coming = next;
    return [...new Set(all.flatMap((window) => window?.block ?? []))];
  }
}

function within(window: Window | undefined, { block, index, units }: Part): boolean {
  return window?.block === block && index >= window.from && index + units <= window.to;
}

function common(a: Window | undefined, b: Window | undefined): Window | undefined {
  if (a === undefined || b === undefined || a.block !== b.block) return undefined;
  const [from, to] = [Math.max(a.from, b.from), Math.min(a.to, b.to)];
  return from < to ? { block: a.block, from, to } : undefined;
}
