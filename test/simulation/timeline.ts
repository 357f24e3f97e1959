type Due = { readonly atMs: number; readonly order: number; run: (() => void) | undefined };

const AT_ONE_TIME_MAX = 100_000;

/** Simulated time: what is to happen, in the order in which it is due; what is due at one time, in the order in which it was asked for. */
export class Timeline {
  nowMs = 0;
  readonly #heap: Due[] = [];
  #order = 0;
  #standing = 0;
  /** Waiting, and not called off. */
  pending = 0;
  done = 0;

  /** @returns calls it off */
  at(atMs: number, run: () => void): () => void {
    this.#order += 1;
    const due: Due = { atMs: Math.max(atMs, this.nowMs), order: this.#order, run };
    this.#push(due);
    this.pending += 1;
    return () => {
      if (due.run === undefined) return;
      due.run = undefined;
      this.pending -= 1;
    };
  }

  after(ms: number, run: () => void): () => void {
    return this.at(this.nowMs + ms, run);
  }

  /** Moves on to what is due next and runs it. @returns false when that lies behind `endMs`; then it is `endMs` */
  step(endMs: number): boolean {
    let due = this.#heap[0];
    while (due !== undefined && due.run === undefined) {
      this.#pop();
      due = this.#heap[0];
    }
    if (due === undefined || due.atMs > endMs) {
      this.nowMs = endMs;
      return false;
    }
    this.#pop();
    this.#standing = due.atMs > this.nowMs ? 0 : this.#standing + 1;
    if (this.#standing > AT_ONE_TIME_MAX)
      throw new Error('time stands still: what is done at once has no end');
    this.nowMs = due.atMs;
    const { run } = due;
    due.run = undefined;
    this.pending -= 1;
    this.done += 1;
    run!();
    return true;
  }

  #push(due: Due): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(due);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(due, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = due;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child += 1;
      if (!before(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }
}

function before(a: Due, b: Due): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
