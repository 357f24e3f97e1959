import type { Clock } from '../env/clock.ts';
import type { RelayResponse } from '../kx/codec/completion.ts';
import { command } from '../kx/codec/header.ts';
import type { KeyRelay } from '../kx/codec/key-relay.ts';
import type { Peer } from '../kx/peer/peer.ts';
import type { Message } from '../kx/session/session.ts';
import { limits } from '../limits.ts';
import type { SecretBytes } from '../secret/secret-bytes.ts';
import type { HopGuard } from './hop-guard.ts';
import type { Routes } from './routes.ts';

type Passing = { readonly from: Peer; readonly next: Peer; readonly expiresMs: number };

/** Relays in transit: the keys change their pad in place and are never in the clear here; completions find their way back. */
export class RelayTransit {
  readonly #guard: HopGuard;
  readonly #routes: Routes;
  readonly #peers: ReadonlyMap<string, Peer>;
  readonly #clock: Clock;
  readonly #passing = new Map<string, Passing>();
  readonly stats = { forwarded: 0, refused: 0, completed: 0 };

  constructor(guard: HopGuard, routes: Routes, peers: ReadonlyMap<string, Peer>, clock: Clock) {
    this.#guard = guard;
    this.#routes = routes;
    this.#peers = peers;
    this.#clock = clock;
  }

  get inFlight(): number {
    return this.#passing.size;
  }

  /**
   * @param covered the pad that lies on the keys; only lent
   * @returns why the relay goes no further, or undefined when it went
   */
  async forward(
    from: Peer,
    message: Message,
    relay: KeyRelay,
    covered: SecretBytes,
  ): Promise<RelayResponse | undefined> {
    const refusal = await this.#forward(from, message, relay, covered);
    if (refusal === undefined) this.stats.forwarded += 1;
    else this.stats.refused += 1;
    return refusal;
  }

  async #forward(
    from: Peer,
    message: Message,
    relay: KeyRelay,
    covered: SecretBytes,
  ): Promise<RelayResponse | undefined> {
    const { requestId, destination, transit, hop, keys } = relay;
    if (requestId === undefined || hop === undefined) return 'malformed';
    const nextId = this.#routes.next(destination, transit);
    const next = nextId === undefined ? undefined : this.#peers.get(nextId);
    if (next === undefined || next === from) return 'no_route';
    const known = this.#passing.get(requestId);
    if (known !== undefined && known.from !== from) return 'no_route';
    if (known === undefined && !this.#room()) return 'overloaded';
    const prefix = message.payload.subarray(0, hop.start);
    // Anew at the end, so that entries stay in the order in which they expire.
    this.#passing.delete(requestId);
    this.#passing.set(requestId, {
      from,
      next,
      expiresMs: this.#clock.monotonicMs() + limits.relayTimeoutMs,
    });
    const sent = await this.#guard.send(next, command.keyRelay, prefix, keys, covered);
    if (sent === 'sent') return undefined;
    // A try before this one may have gone through: its completion still finds its way back.
    if (known === undefined) this.#passing.delete(requestId);
    return known === undefined ? sent : undefined;
  }

  /** @returns where the completion goes back to, once; undefined when it answers nothing that passed here */
  completed(requestId: string, from: Peer): Peer | undefined {
    const passing = this.#passing.get(requestId);
    if (passing?.next !== from) return undefined;
    this.#passing.delete(requestId);
    this.stats.completed += 1;
    return passing.from;
  }

  // Entries expire in the order in which they came, because all live equally long.
  #room(): boolean {
    const now = this.#clock.monotonicMs();
    for (const [requestId, { expiresMs }] of this.#passing) {
      if (expiresMs > now) break;
      this.#passing.delete(requestId);
    }
    return this.#passing.size < limits.relaysInFlightMax;
  }
}
