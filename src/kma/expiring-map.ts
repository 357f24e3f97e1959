/** What is remembered for a fixed time, up to a number of entries. Time comes in as monotonic milliseconds. */
export class ExpiringMap<Value> {
  readonly #max: number;
  readonly #lifeMs: number;
  // In the order in which they expire, because all live equally long.
  readonly #entries = new Map<string, { readonly value: Value; readonly expiresMs: number }>();

  constructor(max: number, lifeMs: number) {
    this.#max = max;
    this.#lifeMs = lifeMs;
  }

  get(name: string, nowMs: number): Value | undefined {
    const entry = this.#entries.get(name);
    return entry !== undefined && entry.expiresMs > nowMs ? entry.value : undefined;
  }

  /** All that has not expired. */
  *entries(nowMs: number): Generator<readonly [string, Value]> {
    for (const [name, { value, expiresMs }] of this.#entries) if (expiresMs > nowMs) yield [name, value];
  }

  /** Begins the entry's life anew. @returns false, and nothing is kept, when there is no room */
  set(name: string, value: Value, nowMs: number): boolean {
    this.#entries.delete(name);
    for (const [oldest, { expiresMs }] of this.#entries) {
      if (expiresMs > nowMs) break;
      this.#entries.delete(oldest);
    }
    if (this.#entries.size >= this.#max) return false;
    this.#entries.set(name, { value, expiresMs: nowMs + this.#lifeMs });
    return true;
  }

  deleteOldest(): void {
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined) this.#entries.delete(oldest);
  }

  delete(name: string): void {
    this.#entries.delete(name);
  }
}
