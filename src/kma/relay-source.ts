import type { Clock } from '../env/clock.ts';
import type { Entropy } from '../env/entropy.ts';
import type { Log } from '../env/log.ts';
import { AgentError, rethrowInvariant } from '../errors.ts';
import { formatUuid, idAfter } from '../keys/uuid.ts';
import { command } from '../kx/codec/header.ts';
import { writeKeyRelay } from '../kx/codec/key-relay.ts';
import type { Peer } from '../kx/peer/peer.ts';
import { limits } from '../limits.ts';
import { SecretBytes } from '../secret/secret-bytes.ts';
import type { KeyStore } from '../store/key-store.ts';
import type { HopGuard } from './hop-guard.ts';
import { relayFailure } from './relay-failure.ts';
import type { Routes } from './routes.ts';

export type RelayResult = {
  readonly requestId: string;
  readonly destination: string;
  readonly keys: number;
  readonly milliseconds: number;
};

type Request = {
  readonly requestId: string;
  readonly destination: string;
  readonly transit: readonly string[];
  readonly number: number;
  readonly epoch: number;
  readonly ids: readonly string[];
  readonly keys: SecretBytes;
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
 * said that it holds them. A try without an answer is repeated with fresh pad under the same request ID.
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
    if (count < 1 || count >= limits.relayKeysMax) throw relayFailure('malformed', destination);
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
    if (request?.next !== peer) return false;
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
    const number = await store.numbers.take(destination);
    const underway = { destination, number };
    this.#underway.add(underway);
    try {
      return await this.#relayBlock(destination, transit, next, count, number, startedMs);
    } finally {
      this.#underway.delete(underway);
    }
  }

  async #relayBlock(
    destination: string,
    transit: readonly string[],
    next: Peer,
    count: number,
    number: number,
    startedMs: number,
  ): Promise<RelayResult> {
    const { store, entropy, clock } = this.#parts;
    const epoch = store.pool(destination).ownEpoch ?? number;
    const total = epoch === number ? count + 1 : count;
    using keys = SecretBytes.alloc(total * limits.unitBytes);
    entropy.fill(keys.view());
    const requestId = entropy.uuid();
    const fields = { requestId, destination, transit, number, epoch, ids: this.#ids(total), keys, next };
    const response = await this.#exchange({ ...fields, deadlineMs: startedMs + limits.relayTimeoutMs });
    if (response !== 'success') return this.#fail(response, destination, epoch);
    const block = {
      remote: destination,
      own: true,
      number,
      origin: 'relay',
      state: 'ready',
      first: 0,
      epoch,
    } as const;
    // Forgotten meanwhile: the pool was begun anew.
    if (typeof (await store.insert(block, keys)) === 'string')
      return this.#fail('conflict', destination, epoch);
    const milliseconds = clock.monotonicMs() - startedMs;
    this.stats.succeeded += 1;
    this.stats.keys += count;
    this.stats.lastMs = milliseconds;
    return { requestId, destination, keys: count, milliseconds };
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

  #ids(count: number): string[] {
    const first = Buffer.alloc(16);
    this.#parts.entropy.fill(first);
    return Array.from({ length: count }, (_, i) => formatUuid(idAfter(first, i)));
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
    const { clock, guard } = this.#parts;
    if (clock.monotonicMs() >= request.deadlineMs) return request.settle(request.hindrance ?? 'timeout');
    this.#tryAfter(request, limits.relayRetryMs);
    if (!request.next.up) {
      request.hindrance = 'peer_unreachable';
      return;
    }
    const { destination, transit, requestId, number, epoch } = request;
    const message = {
      source: this.#parts.self,
      destination,
      transit,
      requestId,
      block: { number, epoch, floor: this.#floor(request) },
    };
    const { prefix, ranges } = writeKeyRelay(message, request.ids, request.keys.view());
    guard.send(request.next, command.keyRelay, prefix, ranges).then(
      (sent) => {
        if (sent === 'sent') {
          request.hindrance = undefined;
          return;
        }
        prefix.fill(0);
        request.hindrance = sent;
        if (sent === 'malformed') return request.settle(sent);
        // Nothing has left: pad may be there in a moment.
        if (this.#requests.has(requestId)) this.#tryAfter(request, limits.relayNotSentRetryMs);
      },
      (thrown: unknown) => {
        prefix.fill(0);
        rethrowInvariant(thrown);
        request.settle(thrown instanceof AgentError ? 'store_unavailable' : 'internal');
      },
    );
  }

  // Numbers under way are not done, though they are not in the pool yet.
  #floor({ destination, number }: Request): number {
    let floor = this.#parts.store.pool(destination).ownFloor(number);
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
