/**
 * Own blocks that were proposed on one connection and not answered, in order of time. One that was proposed twice keeps its epoch while the
 * connection stands, whatever is answered: another answer may still come, and does not say to which proposal it is one.
 */
export class Proposed {
  readonly #open = new Map<number, { readonly epoch: number; readonly atMs: number }>();
  readonly #again = new Map<number, number>();

  get size(): number {
    return this.#open.size;
  }

  /** @param choice the epoch for a block whose epoch is free @returns the epoch in which it is to be proposed */
  propose(number: number, choice: number, atMs: number): number {
    const epoch = this.#again.get(number) ?? choice;
    this.add(number, epoch, atMs);
    return epoch;
  }

  add(number: number, epoch: number, atMs: number): void {
    this.#open.set(number, { epoch, atMs });
  }

  answered(number: number): void {
    this.#open.delete(number);
  }

  /** Whether its epoch may not change on this connection. */
  isBound(number: number): boolean {
    return this.#again.has(number);
  }

  /** The epoch in which the block was proposed; undefined when it was not, or is answered. */
  epochOf(number: number): number | undefined {
    return this.#open.get(number)?.epoch;
  }

  /** Forgets the blocks that are not `open` any more. Numbers of those that were proposed up to then: they are to be proposed again. */
  overdue(beforeMs: number, isOpen: (number: number) => boolean): number[] {
    for (const number of this.#again.keys()) if (!isOpen(number)) this.#again.delete(number);
    const numbers: number[] = [];
    for (const [number, { epoch, atMs }] of this.#open) {
      if (atMs > beforeMs) break;
      this.#open.delete(number);
      this.#again.set(number, epoch);
      numbers.push(number);
    }
    return numbers;
  }

  /** A new connection: nothing that was said on the last one is answered on it. */
  clear(): void {
    this.#open.clear();
    this.#again.clear();
  }
}
