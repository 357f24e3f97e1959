import type { Proposal } from '../kx/codec/private-messages.ts';
import { limits } from '../limits.ts';

/** The far end's proposals for blocks that are not here yet. For one that was not kept, for want of room, none need wait. */
export class WaitingProposals {
  readonly #waiting = new Map<number, Proposal>();
  /** The newest numbers of blocks that were not kept. */
  readonly #refused = new Set<number>();

  add(proposal: Proposal): void {
    this.#waiting.set(proposal.number, proposal);
    // Blocks that the oldest wait for may never come, as those of a module that lost some.
    if (this.#waiting.size > limits.pendingProposalsMax)
      this.#waiting.delete(this.#waiting.keys().next().value!);
  }

  /** The proposal for a block; it waits no longer. */
  take(number: number): Proposal | undefined {
    const proposal = this.#waiting.get(number);
    this.#waiting.delete(number);
    return proposal;
  }

  all(): Proposal[] {
    return [...this.#waiting.values()];
  }

  clear(): void {
    this.#waiting.clear();
  }

  refuse(number: number): void {
    this.#refused.add(number);
    if (this.#refused.size > limits.blockNumberWindow)
      this.#refused.delete(this.#refused.values().next().value!);
  }

  isRefused(number: number): boolean {
    return this.#refused.has(number);
  }
}
