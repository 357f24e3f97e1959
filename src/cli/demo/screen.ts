/** Steps on a terminal: what is under way in one changing line, what is done in lines that stay. Plain lines in a pipe. */
export class Screen {
  readonly #out: NodeJS.WriteStream;
  readonly #startedMs = performance.now();

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
  }

  progress(text: string): void {
    if (!this.#out.isTTY) return;
    const room = Math.max(20, (this.#out.columns ?? 80) - 1);
    this.#out.write(`\r\x1b[K${`  … ${text}`.slice(0, room)}`);
  }

  done(text: string): void {
    const seconds = ((performance.now() - this.#startedMs) / 1000).toFixed(1).padStart(5);
    this.#out.write(`${this.#clear()}${seconds} s  ${text}\n`);
  }

  text(...lines: readonly string[]): void {
    this.#out.write(`${this.#clear()}${lines.join('\n')}\n`);
  }

  #clear(): string {
    return this.#out.isTTY ? '\r\x1b[K' : '';
  }
}
