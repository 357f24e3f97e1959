import type { Peer } from '../kx/peer/peer.ts';

/** Relays that plain peers were sent on their present connection, less the completions that came back. */
export class Unanswered {
  readonly #counts = new Map<Peer, { connects: number; count: number }>();

  sent(peer: Peer): void {
    this.#of(peer).count += 1;
  }

  /** A completion has come. @returns how many relays had not been answered before it */
  answered(peer: Peer): number {
    const own = this.#of(peer);
    const before = own.count;
    own.count = Math.max(0, before - 1);
    return before;
  }

  #of(peer: Peer): { connects: number; count: number } {
    let own = this.#counts.get(peer);
    if (own === undefined || own.connects !== peer.connects) {
      own = { connects: peer.connects, count: 0 };
      this.#counts.set(peer, own);
    }
    return own;
  }
}
