import type { Clock } from '../env/clock.ts';
import type { Entropy } from '../env/entropy.ts';
import type { Log } from '../env/log.ts';
import { AgentError, rethrowInvariant } from '../errors.ts';
import { command } from '../kx/codec/header.ts';
import { writeKeyRelay } from '../kx/codec/key-relay.ts';
import type { Peer } from '../kx/peer/peer.ts';
import { limits } from '../limits.ts';
import { SecretBytes } from '../secret/secret-bytes.ts';
import type { KeyStore } from '../store/key-store.ts';
import type { HopGuard, Protected } from './hop-guard.ts';
import { relayFailure } from './relay-failure.ts';
import type { Routes } from './routes.ts';

export type RelayResult = {
  readonly requestId: string;
  readonly destination: string;
  readonly keys: number;
  readonly milliseconds: number;
};

/** One message of a request: a block of its own. Its keys are lent by the request. */
type Part = { readonly number: number; readonly firstId: Buffer; readonly keys: Buffer };

type Request = {
  readonly requestId: string;
  readonly destination: string;
  readonly transit: readonly string[];
  readonly epoch: number;
  readonly parts: readonly Part[];
  readonly next: Peer;
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
};

/**
 * The source of key relays (Q.4163 §7.1): makes fresh KMA-keys, sends them, and adds them to the pool when the destination has
 * said that it holds them. A try without an answer is repeated with fresh pad under the same request ID. More keys than a message holds
 * are several messages of one request, and answered by one completion.
 */
export class RelaySource {
  readonly #parts: RelaySourceParts;
  readonly #requests = new Map<string, Request>();
  /** Numbers given out whose block is not stored yet. */
  readonly #underway = new Set<{ readonly destination: string; readonly number: number }>();
  /** Relays asked for and not ended, those among them that wait for the first one. */
  #asked = 0;
  readonly #beginning = new Map<string, Promise<unknown>>();
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
    this.#asked += 1;
    try {
      return await this.#relayInTurn(destination, count);
    } finally {
      this.#asked -= 1;
    }
  }

  async #relayInTurn(destination: string, count: number): Promise<RelayResult> {
    const transit = this.#parts.routes.need(destination);
    const next = this.#parts.peers.get(transit[0] ?? destination);
    if (next === undefined) throw relayFailure('no_route', destination);
    if (count < 1 || count > limits.relayRequestKeysMax) throw relayFailure('malformed', destination);
    if (this.#asked > limits.relaysInFlightMax) throw relayFailure('overloaded', destination);
    // The first relay to a destination brings the ID secret of all that follow: they wait for it.
    while (this.#parts.store.pool(destination).ownEpoch === undefined) {
      const first = this.#beginning.get(destination);
      if (first === undefined) {
        const relay = this.#relay(destination, transit, next, count);
        this.#beginning.set(destination, relay);
        return relay.finally(() => this.#beginning.delete(destination));
      }
      // Should it fail, the next in line begins.
      await first.catch(() => {});
    }
    return this.#relay(destination, transit, next, count);
  }

  /** A completion notification. @returns false when it answers nothing that we sent to this neighbour */
  onCompletion(peer: Peer, requestId: string, response: string): boolean {
    const request = this.#requests.get(requestId);
    // From where it was sent to, or straight from the destination.
    if (request === undefined || (request.next !== peer && request.destination !== peer.kmaId)) return false;
    request.settle(response);
    return true;
  }

  /** The way is open again: what waits for an answer is tried at once. */
  onPeerUp(peer: Peer): void {
    for (const request of this.#requests.values()) if (request.next === peer) this.#try(request);
  }

  stop(): void {
    for (const request of this.#requests.values()) request.settle('stopped');
  }

  async #relay(
    destination: string,
    transit: readonly string[],
    next: Peer,
    count: number,
  ): Promise<RelayResult> {
    const { store, clock } = this.#parts;
    const startedMs = clock.monotonicMs();
    this.stats.requests += 1;
    const underway: { readonly destination: string; readonly number: number }[] = [];
    try {
      for (let left = count; left > 0; left -= limits.relayKeysMax - 1) {
        const one = { destination, number: await store.numbers.take(destination) };
        this.#underway.add(one);
        underway.push(one);
      }
      const numbers = underway.map(({ number }) => number);
      return await this.#relayBlocks({ destination, transit, next }, numbers, count, startedMs);
    } finally {
      for (const one of underway) this.#underway.delete(one);
    }
  }

  async #relayBlocks(
    way: Pick<Request, 'destination' | 'transit' | 'next'>,
    numbers: readonly number[],
    count: number,
    startedMs: number,
  ): Promise<RelayResult> {
    const { destination } = way;
    const { store, entropy, clock } = this.#parts;
    const epoch = store.pool(destination).ownEpoch ?? numbers[0]!;
    using keys = SecretBytes.alloc((epoch === numbers[0] ? count + 1 : count) * limits.unitBytes);
    entropy.fill(keys.view());
    const requestId = entropy.uuid();
    const parts = this.#cut(numbers, keys, epoch);
    const deadlineMs = startedMs + limits.relayTimeoutMs;
    const response = await this.#exchange({ ...way, requestId, epoch, parts, deadlineMs });
    if (response !== 'success') return this.#fail(response, destination, epoch);
    const kept = await Promise.all(parts.map((part) => this.#keep(destination, epoch, part)));
    // Forgotten meanwhile: the pool was begun anew.
    if (!kept.every(Boolean)) return this.#fail('conflict', destination, epoch);
    const milliseconds = clock.monotonicMs() - startedMs;
    this.stats.succeeded += 1;
    this.stats.keys += count;
    this.stats.lastMs = milliseconds;
    return { requestId, destination, keys: count, milliseconds };
  }

  // A message each, the first with the ID secret where it begins an epoch.
  #cut(numbers: readonly number[], keys: SecretBytes, epoch: number): Part[] {
    let at = 0;
    return numbers.map((number) => {
      const most = limits.relayKeysMax - (number === epoch ? 0 : 1);
      const bytes = keys.view().subarray(at, at + most * limits.unitBytes);
      at += bytes.length;
      const firstId = Buffer.alloc(16);
      this.#parts.entropy.fill(firstId);
      return { number, firstId, keys: bytes };
    });
  }

  async #keep(destination: string, epoch: number, { number, keys }: Part): Promise<boolean> {
    const place = { remote: destination, own: true, number, first: 0, epoch };
    using bytes = SecretBytes.copyOf(keys);
    const kept = await this.#parts.store.insert({ ...place, origin: 'relay', state: 'ready' }, bytes);
    return typeof kept !== 'string';
  }

  async #fail(response: string, destination: string, epoch: number): Promise<never> {
    this.stats.failed += 1;
    this.stats.lastFailure = response;
    this.#parts.log.warn('kma.relay.failed', { destination, reason: response });
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
      const fields = { ...request, source: this.#parts.self, block: isPlain(request) ? undefined : block };
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

// A plain peer that is the destination itself would not understand what a block is.
function isPlain({ next, destination }: Request): boolean {
  return next.plain !== undefined && next.kmaId === destination;
}
