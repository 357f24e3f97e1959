import type { Audit } from '../env/audit.ts';
import type { Clock } from '../env/clock.ts';
import type { Entropy } from '../env/entropy.ts';
import type { Log } from '../env/log.ts';
import type { Peer } from '../kx/peer/peer.ts';
import { limits } from '../limits.ts';
import { SecretBytes } from '../secret/secret-bytes.ts';
import type { KeyStore } from '../store/key-store.ts';
import type { HopGuard } from './hop-guard.ts';
import { RelayExchange } from './relay-exchange.ts';
import { relayFailure } from './relay-failure.ts';
import { type Part, plainPart } from './relay-part.ts';
import { RelayQueue } from './relay-queue.ts';
import { recordSent, relaySent } from './relay-record.ts';
import type { Routes } from './routes.ts';
import { nextTo, roomTo, type Way, wayTo } from './way.ts';

export type RelayResult = {
  readonly requestId: string;
  readonly destination: string;
  readonly keys: number;
  readonly milliseconds: number;
};

/** How one try of a request ended. `anew`: this node has begun the pool anew meanwhile, which another try may use. */
type Outcome = {
  readonly requestId: string;
  readonly response: string;
  readonly epoch: number;
  /** The request brought the ID secret of its epoch. */
  readonly begins: boolean;
  readonly anew?: true;
};

export type RelaySourceParts = {
  readonly self: string;
  readonly store: KeyStore;
  readonly guard: HopGuard;
  readonly routes: Routes;
  readonly peers: ReadonlyMap<string, Peer>;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly log: Log;
  readonly audit?: Audit;
};

/**
 * The source of key relays (Q.4163 §7.1): makes fresh KMA-keys, has them sent, and adds them to the pool when the destination has
 * said that it holds them. More keys than a message holds are several messages of one request, and answered by one completion; what is asked for
 * meanwhile shares one.
 */
export class RelaySource {
  readonly #parts: RelaySourceParts;
  readonly #exchange: RelayExchange;
  /** By destination, the request that brings the ID secret of a new epoch. */
  readonly #beginning = new Map<string, Promise<void>>();
  /** Numbers given out whose block is not stored yet. */
  readonly #underway = new Set<{ readonly destination: string; readonly number: number }>();
  /** Relays asked for and not ended, those among them that wait. */
  #asked = 0;
  readonly #queues = new Map<string, RelayQueue<string>>();
  /** Why the last relay failed, by destination. */
  readonly #failing = new Map<string, string>();
  readonly stats = { requests: 0, succeeded: 0, failed: 0, keys: 0, lastMs: 0, lastFailure: '' };

  constructor(parts: RelaySourceParts) {
    this.#parts = parts;
    this.#exchange = new RelayExchange(parts.self, parts.guard, parts.clock);
  }

  get inFlight(): number {
    return this.#exchange.size;
  }

  /**
   * Relays `count` fresh KMA-keys of 256 bits.
   * @throws AgentError `relay.` and the completion's reason; nothing was added to the pool then
   */
  async relay(destination: string, count: number): Promise<RelayResult> {
    wayTo(this.#parts, destination);
    if (count < 1 || count > this.#most(destination)) throw relayFailure('malformed', destination);
    if (this.#asked >= limits.relaysInFlightMax) throw relayFailure('overloaded', destination);
    const startedMs = this.#parts.clock.monotonicMs();
    this.#asked += 1;
    this.stats.requests += 1;
    try {
      const requestId = await this.#queueTo(destination).add(count);
      const milliseconds = this.#parts.clock.monotonicMs() - startedMs;
      this.stats.succeeded += 1;
      this.stats.keys += count;
      this.stats.lastMs = milliseconds;
      if (this.#failing.delete(destination)) this.#parts.log.info('kma.relay.works_again', { destination });
      return { requestId, destination, keys: count, milliseconds };
    } catch (thrown) {
      this.stats.failed += 1;
      throw thrown;
    } finally {
      this.#asked -= 1;
    }
  }

  #queueTo(destination: string): RelayQueue<string> {
    const known = this.#queues.get(destination);
    if (known !== undefined) return known;
    const { store, clock } = this.#parts;
    const queue = new RelayQueue<string>({
      carry: (count, arrived) => this.#relay(destination, count, arrived),
      // The first relay to a destination brings the ID secret of all that follow: they wait for it. A plain peer may answer without saying what.
      transfers: () =>
        nextTo(this.#parts, destination)?.plain !== undefined ||
        store.pool(destination).ownEpoch === undefined
          ? 1
          : limits.relayTransfersMax,
      room: () => roomTo(this.#parts, destination),
      nowMs: () => clock.monotonicMs(),
      late: () => relayFailure('timeout', destination),
    });
    this.#queues.set(destination, queue);
    return queue;
  }

  /** A completion notification. @returns false when it answers nothing that we sent to this neighbour */
  onCompletion(peer: Peer, requestId: string, response: string): boolean {
    return this.#exchange.onCompletion(peer, requestId, response);
  }

  /** The requests that this neighbour was sent and has not answered. */
  awaited(peer: Peer): string[] {
    return this.#exchange.awaited(peer);
  }

  /** The way is open again: what waits for an answer is tried at once. */
  onPeerUp(peer: Peer): void {
    this.#exchange.onPeerUp(peer);
  }

  stop(): void {
    this.#exchange.stop();
  }

  // What one end has lost is begun anew, and nobody need ask again. Not for ever: whoever answers may be wrong.
  async #relay(destination: string, count: number, arrived: () => void): Promise<string> {
    const deadlineMs = this.#parts.clock.monotonicMs() + limits.relayTimeoutMs;
    let waits = true;
    const go = () => {
      if (waits) arrived();
      waits = false;
    };
    try {
      for (let beginnings = 1; ; beginnings++) {
        const relay = () => this.#relayOnce(destination, count, deadlineMs, go);
        const outcome = await this.#inTurn(destination, relay);
        if (outcome.response === 'success') return outcome.requestId;
        const last = beginnings === limits.relayBeginningsMax;
        if (last || !(await this.#beginAnew(destination, outcome))) this.#fail(outcome.response, destination);
      }
    } finally {
      go();
    }
  }

  // One request brings the ID secret; those that come meanwhile wait for it.
  async #inTurn(destination: string, relay: () => Promise<Outcome>): Promise<Outcome> {
    const pool = this.#parts.store.pool(destination);
    for (;;) {
      const before = pool.ownEpoch === undefined ? this.#beginning.get(destination) : undefined;
      if (before === undefined) break;
      await before;
    }
    if (pool.ownEpoch !== undefined) return relay();
    const outcome = relay();
    const ended = outcome.then(
      () => {},
      () => {},
    );
    this.#beginning.set(destination, ended);
    try {
      return await outcome;
    } finally {
      if (this.#beginning.get(destination) === ended) this.#beginning.delete(destination);
    }
  }

  async #relayOnce(
    destination: string,
    count: number,
    deadlineMs: number,
    arrived: () => void,
  ): Promise<Outcome> {
    const underway: { readonly destination: string; readonly number: number }[] = [];
    try {
      for (let left = count; left > 0; left -= limits.relayKeysMax - 1) {
        const one = { destination, number: await this.#parts.store.numbers.take(destination) };
        this.#underway.add(one);
        underway.push(one);
      }
      const numbers = underway.map(({ number }) => number);
      return await this.#relayBlocks(wayTo(this.#parts, destination), numbers, count, deadlineMs, arrived);
    } finally {
      for (const one of underway) this.#underway.delete(one);
    }
  }

  async #relayBlocks(
    way: Way,
    numbers: readonly number[],
    count: number,
    deadlineMs: number,
    arrived: () => void,
  ): Promise<Outcome> {
    const { destination } = way;
    const { store, entropy } = this.#parts;
    if (count > this.#most(destination)) throw relayFailure('malformed', destination);
    const epoch = store.pool(destination).ownEpoch ?? numbers[0]!;
    using keys = SecretBytes.alloc((epoch === numbers[0] ? count + 1 : count) * limits.unitBytes);
    entropy.fill(keys.view());
    const requestId = entropy.uuid();
    const parts = this.#cut(destination, numbers, keys, epoch);
    const plain = this.#parts.routes.isPlain(destination);
    const stands = () => this.#parts.routes.isPlain(destination) === plain;
    const floor = () => this.#floor(destination, numbers[0]!);
    const request = { ...way, requestId, epoch, plain, parts, deadlineMs, floor, stands };
    const response = await this.#exchange.run(request);
    const begins = epoch === numbers[0];
    const outcome = { requestId, epoch, begins, response };
    if (response !== 'success') return outcome;
    // Forgotten meanwhile: the pool was begun anew.
    const forgotten = { ...outcome, response: 'unknown_epoch', anew: true } as const;
    if (!begins && !store.pool(destination).idSecrets.own.has(epoch)) return forgotten;
    // The next one need not wait for our disk, unless this one brings the secret that it lies under.
    if (!begins) arrived();
    const kept = await Promise.all(parts.map((part) => this.#keep(destination, epoch, part)));
    if (!kept.every(Boolean)) return forgotten;
    recordSent(this.#parts.audit, destination, requestId, parts);
    return outcome;
  }

  // A plain destination answers each message, so a request to it is one; a reload may make a destination plain at any time.
  #most(destination: string): number {
    return this.#parts.routes.isPlain(destination) ? limits.relayKeysMax - 1 : limits.relayRequestKeysMax;
  }

  // A message each, the first with the ID secret where it begins an epoch.
  #cut(destination: string, numbers: readonly number[], keys: SecretBytes, epoch: number): Part[] {
    const { routes, store } = this.#parts;
    if (routes.isPlain(destination)) return [plainPart(store.pool(destination), numbers[0]!, keys, epoch)];
    let at = 0;
    return numbers.map((number) => {
      const most = limits.relayKeysMax - (number === epoch ? 0 : 1);
      const all = keys.view().subarray(at, at + most * limits.unitBytes);
      at += all.length;
      const firstId = Buffer.alloc(16);
      this.#parts.entropy.fill(firstId);
      return { number, firstId, keys: all, all };
    });
  }

  async #keep(destination: string, epoch: number, { number, all }: Part): Promise<boolean> {
    const place = { remote: destination, own: true, number, first: 0, epoch };
    using bytes = SecretBytes.copyOf(all);
    const kept = await this.#parts.store.insert({ ...place, origin: 'relay', state: 'ready' }, bytes);
    return typeof kept !== 'string';
  }

  /** @returns whether it is worth another try: one end has lost what both shared, and what is left of it is given up now */
  async #beginAnew(destination: string, { response, epoch, begins, anew }: Outcome): Promise<boolean> {
    if (anew) return true;
    const { store } = this.#parts;
    const pool = store.pool(destination);
    // Nobody can miss the epoch that the request itself brings.
    const isLost = response === 'unknown_epoch' && !begins;
    const isOld = response === 'conflict' && pool.ownEpoch === undefined && store.numbers.leap(destination);
    if (!isLost && !isOld) return false;
    this.#parts.log.warn('kma.relay.begins_anew', { destination, reason: response });
    // Key of before could never be found there. What the destination allocates is its own affair.
    if (isLost && pool.ownEpoch === epoch) await store.forgetPool(destination, 'own');
    return true;
  }

  #fail(response: string, destination: string): never {
    this.stats.lastFailure = response;
    // A neighbour that is down is said once, and not with every try to fill the pool.
    const level = this.#failing.get(destination) === response ? 'debug' : 'warn';
    this.#failing.set(destination, response);
    this.#parts.log[level]('kma.relay.failed', { destination, reason: response });
    this.#parts.audit?.sum({ ...relaySent, outcome: 'failed', peer: destination, reason: response });
    throw relayFailure(response, destination);
  }

  // Numbers under way are not done, though they are not in the pool yet.
  #floor(destination: string, fallback: number): number {
    let floor = this.#parts.store.pool(destination).ownFloor(fallback);
    for (const other of this.#underway)
      if (other.destination === destination && other.number < floor) floor = other.number;
    return floor;
  }
}
