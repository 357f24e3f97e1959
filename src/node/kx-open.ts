import type { X509Certificate } from 'node:crypto';
import type { Clock } from '../env/clock.ts';
import { limits } from '../limits.ts';

type Open = {
  readonly chain: readonly X509Certificate[];
  readonly endsMs: number;
  end(reason: string): void;
};

/** The connections that stand. One ends when a certificate of its peer's chain does, or when it is not believed any more. */
export class OpenConnections {
  readonly #clock: Clock;
  readonly #open = new Set<Open>();
  #ticking = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param end closes the connection. @returns to be called when it has closed */
  add(chain: readonly X509Certificate[], end: (reason: string) => void): () => void {
    const endsMs = Math.min(...chain.map((certificate) => certificate.validToDate.getTime()));
    const open = { chain, endsMs, end };
    this.#open.add(open);
    if (!this.#ticking) this.#tick();
    return () => void this.#open.delete(open);
  }

  /** Ends those of which `problem` says why. @returns how many */
  recheck(problem: (chain: readonly X509Certificate[]) => string | undefined): number {
    let ended = 0;
    for (const { chain, end } of [...this.#open]) {
      const reason = problem(chain);
      if (reason === undefined) continue;
      ended += 1;
      end(reason);
    }
    return ended;
  }

  #tick(): void {
    const now = this.#clock.wallMs();
    for (const { endsMs, end } of [...this.#open])
      if (now > endsMs) end("the peer's certificate has expired");
    this.#ticking = this.#open.size > 0;
    if (this.#ticking) this.#clock.after(limits.kxExpiryTickMs, () => this.#tick());
  }
}
