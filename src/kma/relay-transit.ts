import { type Audit, noAudit } from '../env/audit.ts';
import type { Clock } from '../env/clock.ts';
import type { Entropy } from '../env/entropy.ts';
import type { RelayResponse } from '../kx/codec/completion.ts';
import { Draft } from '../kx/codec/draft.ts';
import type { Frame } from '../kx/codec/frame.ts';
import { command } from '../kx/codec/header.ts';
import { type KeyRelay, readKeyRelay } from '../kx/codec/key-relay.ts';
import { spell } from '../kx/codec/member-names.ts';
import { openForHop } from '../kx/codec/plain-form.ts';
import type { Peer } from '../kx/peer/peer.ts';
import { limits } from '../limits.ts';
import { type HopGuard, reserveFrom } from './hop-guard.ts';
import type { Routes } from './routes.ts';
import { SharedTable } from './shared-table.ts';

type Passing = {
  readonly from: Peer;
  readonly next: Peer;
  /** The request came without an ID, and went on under one of ours. */
  readonly unnamed: boolean;
};

/** Relays in transit: the keys change their pad in place and are never in the clear here; completions find their way back. */
export class RelayTransit {
  readonly #guard: HopGuard;
  readonly #routes: Routes;
  readonly #peers: ReadonlyMap<string, Peer>;
  readonly #clock: Clock;
  readonly #entropy: Entropy;
  readonly #audit: Audit;
  readonly #passing = new SharedTable<Passing>(limits.relaysPerPeerMax, limits.relayTimeoutMs);
  readonly stats = { forwarded: 0, refused: 0, completed: 0 };

  constructor(
    guard: HopGuard,
    routes: Routes,
    peers: ReadonlyMap<string, Peer>,
    clock: Clock,
    entropy: Entropy,
    audit: Audit = noAudit,
  ) {
    this.#guard = guard;
    this.#routes = routes;
    this.#peers = peers;
    this.#clock = clock;
    this.#entropy = entropy;
    this.#audit = audit;
  }

  get inFlight(): number {
    return this.#passing.count(this.#clock.monotonicMs());
  }

  /**
   * @param frame one that was kept; its memory goes on with the message
   * @param covered the pad that lies on the keys; only lent
   * @returns why the relay goes no further, or undefined when it went
   */
  async forward(
    from: Peer,
    frame: Frame,
    relay: KeyRelay,
    covered: Buffer,
  ): Promise<RelayResponse | undefined> {
    const refusal = await this.#forward(from, frame, relay, covered);
    if (refusal === undefined) this.stats.forwarded += 1;
    else this.stats.refused += 1;
    this.#audit.sum({
      what: 'relay.passed',
      who: `kma:${from.kmaId}`,
      outcome: refusal === undefined ? 'done' : 'refused',
      peer: relay.destination,
      keys: relay.keys.count,
      reason: refusal,
      facts: { source: relay.source },
    });
    return refusal;
  }

  async #forward(
    from: Peer,
    frame: Frame,
    relay: KeyRelay,
    covered: Buffer,
  ): Promise<RelayResponse | undefined> {
    const { destination, transit } = relay;
    const unnamed = relay.requestId === undefined;
    if (unnamed && from.plain === undefined) return 'malformed';
    if (!this.#routes.mayComeFrom(relay.source, from.kmaId)) return 'refused_by_policy';
    const requestId = relay.requestId ?? this.#entropy.uuid();
    const nextId = this.#routes.next(destination, transit);
    const next = nextId === undefined ? undefined : this.#peers.get(nextId);
    if (next === undefined || next === from) return 'no_route';
    const now = this.#clock.monotonicMs();
    const known = this.#passing.get(requestId, now);
    if (known !== undefined && known.from !== from) return 'no_route';
    const draft =
      from.plain === undefined ? passedOn(frame, relay) : fromPlain(frame, relay, next, requestId);
    if (draft === undefined) return 'malformed';
    this.#passing.set(from.kmaId, requestId, { from, next, unnamed }, now);
    const sent = await this.#guard.send(next, command.keyRelay, draft, covered, reserveFrom(from));
    if (sent === 'sent') return undefined;
    // A try before this one may have gone through: its completion still finds its way back.
    if (known === undefined) this.#passing.delete(requestId);
    return known === undefined ? sent : undefined;
  }

  /** The requests that went on to this neighbour and are not answered. */
  awaited(next: Peer): string[] {
    const entries = [...this.#passing.entries(this.#clock.monotonicMs())];
    return entries.filter(([, passing]) => passing.next === next).map(([requestId]) => requestId);
  }

  /** @returns where the completion goes back to, once; undefined when it answers nothing that passed here */
  completed(requestId: string, from: Peer): Pick<Passing, 'from' | 'unnamed'> | undefined {
    const passing = this.#passing.get(requestId, this.#clock.monotonicMs());
    if (passing?.next !== from) return undefined;
    this.#passing.delete(requestId);
    this.stats.completed += 1;
    return passing;
  }
}

/** What goes on: everything before the hop entry. */
function passedOn(frame: Frame, { hop, keys }: KeyRelay): Draft | undefined {
  return hop && Draft.from(frame, hop.start, keys);
}

/** The same of a plain peer's message: room for a hop entry is made at its end, and a request ID added where it has none. */
function fromPlain(frame: Frame, relay: KeyRelay, next: Peer, requestId: string): Draft | undefined {
  const name = spell('key_relay_request_ID', next.plain?.memberNames ?? 'source_KMA_ID');
  const more = relay.requestId === undefined ? `"${name}":"${requestId}"` : undefined;
  const prefix = openForHop(frame.payload, more);
  if (prefix === undefined) return undefined;
  // Keys of a plain peer lie in the clear; where they stand is found anew, since the extension may have stood before them.
  const closed = Buffer.concat([prefix, Buffer.from('{}]}')]);
  // A message whose keys are not found does not go on: they would not be covered.
  const keys = readKeyRelay(closed)?.keys;
  const draft = keys && Draft.of(prefix, keys);
  closed.fill(0);
  prefix.fill(0);
  return draft;
}
