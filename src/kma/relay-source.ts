import type { Audit } from '../env/audit.ts';
import type { Clock } from '../env/clock.ts';
import type { Entropy } from '../env/entropy.ts';
import type { Log } from '../env/log.ts';
import { AgentError, rethrowInvariant } from '../errors.ts';
import { inOurWords } from '../kx/codec/completion.ts';
import { command } from '../kx/codec/header.ts';
import { writeKeyRelay } from '../kx/codec/key-relay.ts';
import type { Peer } from '../kx/peer/peer.ts';
import { limits } from '../limits.ts';
import { SecretBytes } from '../secret/secret-bytes.ts';
import type { KeyStore } from '../store/key-store.ts';
import type { HopGuard, Protected } from './hop-guard.ts';
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

type Request = Way & {
  readonly requestId: string;
  readonly epoch: number;
  readonly plain: boolean;
  readonly parts: readonly Part[];
  readonly deadlineMs: number;
  settle(response: string): void;
  cancelRetry: () => void;
  /** Why the last try did not leave this node. */
  hindrance: string | undefined;
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
 * The source of key relays (Q.4163 §7.1): makes fresh KMA-keys, sends them, and adds them to the pool when the destination has
 * said that it holds them. A try without an answer is repeated with fresh pad under the same request ID. More keys than a message holds
 * are several messages of one request, and answered by one completion; what is asked for meanwhile shares one.
 */
export class RelaySource {
  readonly #parts: RelaySourceParts;
  readonly #requests = new Map<string, Request>();
  /** Numbers given out whose block is not stored yet. */
  readonly #underway = new Set<{ readonly destination: string; readonly number: number }>();
  /** Relays asked for and not ended, those among them that wait. */
  #asked = 0;
  readonly #queues = new Map<string, RelayQueue<string>>();
  readonly stats = { requests: 0, succeeded: 0, failed: 0, keys: 0, lastMs: 0, lastFailure: '' };

  constructor(parts: RelaySourceParts) {
    this.#parts = parts;
  }

  get inFlight(): number {
    return this.#requests.size;
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
    const request = this.#requests.get(requestId);
    // From where it was sent to, or straight from the destination.
    if (request === undefined || (request.next !== peer && request.destination !== peer.kmaId)) return false;
    request.settle(inOurWords(response));
    return true;
  }

  /** The requests that this neighbour was sent and has not answered. */
  awaited(peer: Peer): string[] {
    return [...this.#requests.values()].filter(({ next }) => next === peer).map(({ requestId }) => requestId);
  }

  /** The way is open again: what waits for an answer is tried at once. */
  onPeerUp(peer: Peer): void {
    for (const request of this.#requests.values()) if (request.next === peer) this.#try(request);
  }

  stop(): void {
    for (const request of this.#requests.values()) request.settle('stopped');
  }

  async #relay(destination: string, count: number, arrived: () => void): Promise<string> {
    const { store, clock } = this.#parts;
    const deadlineMs = clock.monotonicMs() + limits.relayTimeoutMs;
    const underway: { readonly destination: string; readonly number: number }[] = [];
    let waits = true;
    const go = () => {
      if (waits) arrived();
      waits = false;
    };
    try {
      for (let left = count; left > 0; left -= limits.relayKeysMax - 1) {
        const one = { destination, number: await store.numbers.take(destination) };
        this.#underway.add(one);
        underway.push(one);
      }
      const numbers = underway.map(({ number }) => number);
      return await this.#relayBlocks(wayTo(this.#parts, destination), numbers, count, deadlineMs, go);
    } finally {
      go();
      for (const one of underway) this.#underway.delete(one);
    }
  }

  async #relayBlocks(
    way: Way,
    numbers: readonly number[],
    count: number,
    deadlineMs: number,
    arrived: () => void,
  ): Promise<string> {
    const { destination } = way;
    const { store, entropy } = this.#parts;
    if (count > this.#most(destination)) throw relayFailure('malformed', destination);
    const epoch = store.pool(destination).ownEpoch ?? numbers[0]!;
    using keys = SecretBytes.alloc((epoch === numbers[0] ? count + 1 : count) * limits.unitBytes);
    entropy.fill(keys.view());
    const requestId = entropy.uuid();
    const parts = this.#cut(destination, numbers, keys, epoch);
    const plain = this.#parts.routes.isPlain(destination);
    const response = await this.#exchange({ ...way, requestId, epoch, plain, parts, deadlineMs });
    if (response !== 'success') return this.#fail(response, destination, epoch);
    // The next one need not wait for our disk, unless this one brings the secret that it lies under.
    if (epoch !== numbers[0]) arrived();
    const kept = await Promise.all(parts.map((part) => this.#keep(destination, epoch, part)));
    // Forgotten meanwhile: the pool was begun anew.
    if (!kept.every(Boolean)) return this.#fail('conflict', destination, epoch);
    recordSent(this.#parts.audit, destination, requestId, parts);
    return requestId;
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

  async #fail(response: string, destination: string, epoch: number): Promise<never> {
    this.stats.lastFailure = response;
    this.#parts.log.warn('kma.relay.failed', { destination, reason: response });
    this.#parts.audit?.sum({ ...relaySent, outcome: 'failed', peer: destination, reason: response });
    // The destination has lost what we shared: key of before could never be found there. What it allocates is its own affair.
    if (response === 'unknown_epoch' && this.#parts.store.pool(destination).ownEpoch === epoch)
      await this.#parts.store.forgetPool(destination, 'own');
    if (response === 'conflict' && this.#parts.store.pool(destination).ownEpoch === undefined)
      this.#parts.store.numbers.leap(destination);
    throw relayFailure(response, destination);
  }

  #exchange(fields: Omit<Request, 'settle' | 'cancelRetry' | 'hindrance'>): Promise<string> {
    return new Promise((resolve) => {
      const request: Request = {
        ...fields,
        settle: (response) => {
          if (!this.#requests.delete(fields.requestId)) return;
          request.cancelRetry();
          resolve(response);
        },
        cancelRetry: () => {},
        hindrance: undefined,
      };
      this.#requests.set(fields.requestId, request);
      this.#try(request);
    });
  }

  #try(request: Request): void {
    const { clock } = this.#parts;
    if (clock.monotonicMs() >= request.deadlineMs) return request.settle(request.hindrance ?? 'timeout');
    this.#tryAfter(request, limits.relayRetryMs);
    if (!request.next.up) {
      request.hindrance = 'peer_unreachable';
      return;
    }
    this.#send(request).catch((thrown: unknown) => {
      rethrowInvariant(thrown);
      request.settle(thrown instanceof AgentError ? 'store_unavailable' : 'internal');
    });
  }

  // All parts again, since nobody says which have arrived; a destination that holds one says so again.
  async #send(request: Request): Promise<void> {
    for (const [part, { number, firstId, keys }] of request.parts.entries()) {
      // Answered meanwhile: the keys are wiped.
      if (!this.#requests.has(request.requestId)) return;
      const { epoch, parts, next } = request;
      const block = { number, epoch, floor: this.#floor(request), part, parts: parts.length };
      const fields = { ...request, source: this.#parts.self, block: request.plain ? undefined : block };
      const draft = writeKeyRelay(fields, firstId, keys, next.plain?.memberNames);
      const sent = await this.#parts.guard.send(next, command.keyRelay, draft);
      if (sent !== 'sent') return this.#hindered(request, sent);
    }
    request.hindrance = undefined;
  }

  #hindered(request: Request, reason: Exclude<Protected, 'sent'>): void {
    request.hindrance = reason;
    if (reason === 'malformed' || reason === 'refused_by_policy') return request.settle(reason);
    // It has not left: pad may be there in a moment.
    if (this.#requests.has(request.requestId)) this.#tryAfter(request, limits.relayNotSentRetryMs);
  }

  // Numbers under way are not done, though they are not in the pool yet.
  #floor({ destination, parts }: Request): number {
    let floor = this.#parts.store.pool(destination).ownFloor(parts[0]!.number);
    for (const other of this.#underway)
      if (other.destination === destination && other.number < floor) floor = other.number;
    return floor;
  }

  #tryAfter(request: Request, milliseconds: number): void {
    const { clock } = this.#parts;
    request.cancelRetry();
    const left = request.deadlineMs - clock.monotonicMs();
    request.cancelRetry = clock.after(Math.max(0, Math.min(milliseconds, left)), () => this.#try(request));
  }
}
