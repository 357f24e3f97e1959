import type { Clock } from '../env/clock.ts';
import type { Proposal } from '../kx/codec/private-messages.ts';
import { limits } from '../limits.ts';

/** @param isCurrent whether the connection is still the one on which they came */
type Take = (batch: readonly Proposal[], isCurrent: () => boolean) => Promise<void>;

/** Proposals that came and were not looked at: one batch after the other, others having their turn in between. */
export class ProposalInbox {
  readonly #clock: Clock;
  readonly #take: Take;
  #inbox: Proposal[] = [];
  #busy = false;

  constructor(clock: Clock, take: Take) {
    this.#clock = clock;
    this.#take = take;
  }

  /** What does not fit is dropped: it comes again with the next connection. @returns resolves when all are looked at */
  async add(proposals: readonly Proposal[]): Promise<void> {
    if (this.#inbox.length + proposals.length > limits.pendingProposalsMax) return;
    this.#inbox.push(...proposals);
    if (this.#busy) return;
    this.#busy = true;
    try {
      await this.#empty();
    } finally {
      this.#busy = false;
    }
  }

  /** A new connection. */
  clear(): void {
    this.#inbox = [];
  }

  async #empty(): Promise<void> {
    while (this.#inbox.length > 0) {
      const inbox = this.#inbox;
      await this.#take(inbox.splice(0, limits.syncChunk), () => inbox === this.#inbox);
      await new Promise<void>((resolve) => this.#clock.after(0, resolve));
    }
  }
}
