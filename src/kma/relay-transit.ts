import type { Clock } from '../env/clock.ts';
import type { RelayResponse } from '../kx/codec/completion.ts';
import { command } from '../kx/codec/header.ts';
import { type KeyRelay, readKeyRelay } from '../kx/codec/key-relay.ts';
import { openForHop } from '../kx/codec/plain-form.ts';
import type { Peer } from '../kx/peer/peer.ts';
import type { Message } from '../kx/session/session.ts';
import { limits } from '../limits.ts';
import type { SecretBytes } from '../secret/secret-bytes.ts';
import { ExpiringMap } from './expiring-map.ts';
import type { HopGuard } from './hop-guard.ts';
import type { Routes } from './routes.ts';

type Passing = { readonly from: Peer; readonly next: Peer };

/** Relays in transit: the keys change their pad in place and are never in the clear here; completions find their way back. */
export class RelayTransit {
  readonly #guard: HopGuard;
  readonly #routes: Routes;
  readonly #peers: ReadonlyMap<string, Peer>;
  readonly #clock: Clock;
  readonly #passing = new ExpiringMap<Passing>(limits.relaysInFlightMax, limits.relayTimeoutMs);
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
    const { requestId, destination, transit } = relay;
    if (requestId === undefined) return 'malformed';
    const nextId = this.#routes.next(destination, transit);
    const next = nextId === undefined ? undefined : this.#peers.get(nextId);
    if (next === undefined || next === from) return 'no_route';
    const now = this.#clock.monotonicMs();
    const known = this.#passing.get(requestId, now);
    if (known !== undefined && known.from !== from) return 'no_route';
    const passed = passedOn(message.payload, relay);
    if (passed === undefined) return 'malformed';
    if (!this.#passing.set(requestId, { from, next }, now)) return 'overloaded';
    const sent = await this.#guard.send(next, command.keyRelay, passed.prefix, passed.keys, covered);
    // A plain peer's keys lie in the clear until they are covered.
    if (sent !== 'sent' && from.plain !== undefined) passed.prefix.fill(0);
    if (sent === 'sent') return undefined;
    // A try before this one may have gone through: its completion still finds its way back.
    if (known === undefined) this.#passing.delete(requestId);
    return known === undefined ? sent : undefined;
  }

  /** @returns where the completion goes back to, once; undefined when it answers nothing that passed here */
  completed(requestId: string, from: Peer): Peer | undefined {
    const passing = this.#passing.get(requestId, this.#clock.monotonicMs());
    if (passing?.next !== from) return undefined;
    this.#passing.delete(requestId);
    this.stats.completed += 1;
    return passing.from;
  }
}

/** What goes on: everything before the hop entry, and where the keys stand in it. */
function passedOn(
  payload: Buffer,
  relay: KeyRelay,
): (Pick<KeyRelay, 'keys'> & { prefix: Buffer }) | undefined {
  if (relay.hop !== undefined) return { prefix: payload.subarray(0, relay.hop.start), keys: relay.keys };
  const prefix = openForHop(payload);
  payload.fill(0);
  if (prefix === undefined) return undefined;
  const closed = Buffer.concat([prefix, Buffer.from('{}]}')]);
  prefix.fill(0);
  const keys = readKeyRelay(closed)?.keys;
  return keys && { prefix: closed.subarray(0, prefix.length), keys };
}
