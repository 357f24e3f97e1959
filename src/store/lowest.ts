const SPARE = 64;

/** The lowest of a changing set of numbers, without looking at all of them: a heap from which those that have gone are taken when they come up. */
export class Lowest {
  #heap: number[] = [];
  readonly #set: { readonly size: number; has(number: number): boolean };

  /** @param set the numbers that are there now, all of which were added */
  constructor(set: { readonly size: number; has(number: number): boolean }) {
    this.#set = set;
  }

  /** Numbers that are kept, those among them that have gone and did not come up yet. */
  get kept(): number {
    return this.#heap.length;
  }

  add(number: number): void {
    // Behind a low number that stays for long, those that have gone would gather. Numbers in order are a heap.
    if (this.#heap.length > SPARE + 2 * this.#set.size)
      this.#heap = this.#heap.filter((one) => this.#set.has(one)).sort((a, b) => a - b);
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
    while (this.#heap.length > 0 && !this.#set.has(this.#heap[0]!)) this.#removeFirst();
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
