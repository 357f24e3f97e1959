import type { Clock } from '../env/clock.ts';
import { AgentError, rethrowInvariant } from '../errors.ts';
import { inOurWords, inShort } from '../kx/codec/completion.ts';
import { command } from '../kx/codec/header.ts';
import { writeKeyRelay } from '../kx/codec/key-relay.ts';
import type { Peer } from '../kx/peer/peer.ts';
import { limits } from '../limits.ts';
import type { HopGuard, Protected } from './hop-guard.ts';
import type { Part } from './relay-part.ts';
import type { Way } from './way.ts';

/** One request to a destination, in one message or several. */
export type RelayRequest = Way & {
  readonly requestId: string;
  readonly epoch: number;
  /** The destination takes plain Q.4163. */
  readonly plain: boolean;
  /** Their keys are lent until the exchange ends. */
  readonly parts: readonly Part[];
  /** Monotonic milliseconds. */
  readonly deadlineMs: number;
  /** The lowest number of a block from which key may still be taken, now. */
  floor(): number;
  /** Whether the destination is still what it was when this was made for it: a reload may have made it plain, or plain no more. */
  stands(): boolean;
};

type Open = RelayRequest & {
  settle(response: string): void;
  cancelRetry: () => void;
  /** Why the last try did not leave this node. */
  hindrance: string | undefined;
};

/** Sends requests of the source and hears their completions (Q.4163 §7.1): a try without an answer is repeated with fresh pad under the same request ID. */
export class RelayExchange {
  readonly #self: string;
  readonly #guard: HopGuard;
  readonly #clock: Clock;
  readonly #requests = new Map<string, Open>();

  constructor(self: string, guard: HopGuard, clock: Clock) {
    this.#self = self;
    this.#guard = guard;
    this.#clock = clock;
  }

  get size(): number {
    return this.#requests.size;
  }

  /** @returns what the completion says, or why none came */
  run(fields: RelayRequest): Promise<string> {
    return new Promise((resolve) => {
      const request: Open = {
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

  /** A completion notification. @returns false when it answers nothing that was sent to this neighbour */
  onCompletion(peer: Peer, requestId: string, response: string): boolean {
    const request = this.#requests.get(requestId);
    // From where it was sent to, or straight from the destination.
    if (request === undefined || (request.next !== peer && request.destination !== peer.kmaId)) return false;
    request.settle(inShort(inOurWords(response)));
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

  #try(request: Open): void {
    if (this.#clock.monotonicMs() >= request.deadlineMs)
      return request.settle(request.hindrance ?? 'timeout');
    if (!request.stands()) return request.settle('peer_unreachable');
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
  async #send(request: Open): Promise<void> {
    for (const [part, { number, firstId, keys }] of request.parts.entries()) {
      // Answered meanwhile: the keys are wiped.
      if (!this.#requests.has(request.requestId)) return;
      if (!request.stands()) return request.settle('peer_unreachable');
      const { epoch, parts, next } = request;
      const block = { number, epoch, floor: request.floor(), part, parts: parts.length };
      const fields = { ...request, source: this.#self, block: request.plain ? undefined : block };
      const draft = writeKeyRelay(fields, firstId, keys, next.plain?.memberNames);
      const sent = await this.#guard.send(next, command.keyRelay, draft);
      if (sent !== 'sent') return this.#hindered(request, sent);
    }
    request.hindrance = undefined;
  }

  #hindered(request: Open, reason: Exclude<Protected, 'sent'>): void {
    request.hindrance = reason;
    if (reason === 'malformed' || reason === 'refused_by_policy') return request.settle(reason);
    // It has not left: pad may be there in a moment.
    if (this.#requests.has(request.requestId)) this.#tryAfter(request, limits.relayNotSentRetryMs);
  }

  #tryAfter(request: Open, milliseconds: number): void {
    request.cancelRetry();
    const left = request.deadlineMs - this.#clock.monotonicMs();
    const waitMs = Math.max(0, Math.min(milliseconds, left));
    request.cancelRetry = this.#clock.after(waitMs, () => this.#try(request));
  }
}
