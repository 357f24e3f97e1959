/** The lowest of a changing set of numbers, without looking at all of them: a heap from which those that have gone are taken when they come up. */
export class Lowest {
  readonly #heap: number[] = [];
  readonly #has: (number: number) => boolean;

  /** @param has whether a number that was added is still in the set */
  constructor(has: (number: number) => boolean) {
    this.#has = has;
  }

  add(number: number): void {
    const heap = this.#heap;
    let at = heap.push(number) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (heap[parent]! <= number) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = number;
  }

  get(): number | undefined {
    while (this.#heap.length > 0 && !this.#has(this.#heap[0]!)) this.#removeFirst();
    return this.#heap[0];
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1]! < heap[child]!) child += 1;
      if (heap[child]! >= last) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }
}
