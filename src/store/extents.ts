import { assert } from '../errors.ts';

type Extent = { at: number; length: number };

/**
 * Which parts of a file are in use: takes the first free place that is long enough, and the end of the file when there is none. Pure; lengths
 * and places are counted in granules. Blocks of a pool are mostly of one length and go in the order in which they came, so few places are free at a time.
 */
export class Extents {
  /** Free places below `end`, in order; no two touch. */
  readonly #free: Extent[] = [];
  #end = 0;

  /** @param used in any order; throws when two overlap */
  constructor(used: Iterable<Extent>) {
    const sorted = [...used].sort((a, b) => a.at - b.at);
    for (const { at, length } of sorted) {
      assert(at >= this.#end && length > 0, 'no two blocks lie in one place');
      if (at > this.#end) this.#free.push({ at: this.#end, length: at - this.#end });
      this.#end = at + length;
    }
  }

  /** Where the last place in use ends. */
  get end(): number {
    return this.#end;
  }

  take(length: number): number {
    const i = this.#free.findIndex((one) => one.length >= length);
    const found = this.#free[i];
    if (found === undefined) {
      const at = this.#end;
      this.#end += length;
      return at;
    }
    const { at } = found;
    found.at += length;
    found.length -= length;
    if (found.length === 0) this.#free.splice(i, 1);
    return at;
  }

  give(at: number, length: number): void {
    const after = this.#free.findIndex((one) => one.at > at);
    const i = after < 0 ? this.#free.length : after;
    const before = this.#free[i - 1];
    const next = this.#free[i];
    assert(before === undefined || before.at + before.length <= at, 'a place is given back once');
    assert(at + length <= (next?.at ?? this.#end), 'a place is given back once');
    const joined = { at, length };
    let from = i;
    let count = 0;
    if (before !== undefined && before.at + before.length === at) {
      joined.at = before.at;
      joined.length += before.length;
      from -= 1;
      count += 1;
    }
    if (next !== undefined && at + length === next.at) {
      joined.length += next.length;
      count += 1;
    }
    this.#free.splice(from, count, joined);
    this.#shrink();
  }

  #shrink(): void {
    const last = this.#free.at(-1);
    if (last === undefined || last.at + last.length !== this.#end) return;
    this.#free.pop();
    this.#end = last.at;
  }
}
