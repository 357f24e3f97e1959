import type { Clock } from '../env/clock.ts';
import type { Entropy } from '../env/entropy.ts';
import { AgentError, rethrowInvariant } from '../errors.ts';
import { command } from '../kx/codec/header.ts';
import {
  type AnnouncedKeys,
  type SupplyAnswer,
  type SupplyNotice,
  type SupplyOutcome,
  writeSupplyNotice,
} from '../kx/codec/key-supply.ts';
import type { Peer } from '../kx/peer/peer.ts';
import { limits } from '../limits.ts';
import type { HopGuard } from './hop-guard.ts';
import type { Routes } from './routes.ts';

/** Keys that an application here has been given, for the far application to get as well. */
export type Announcement = Omit<AnnouncedKeys, 'source' | 'transit'> & { readonly sizeBits: number };

/** A session known at both KMs, in which the destination KM is to choose keys. */
export type SessionRequest = {
  readonly sessionId: string;
  /** KMA ID of the destination KM, a neighbour. */
  readonly destination: string;
  readonly number: number;
  readonly sizeBits: number;
};

export type NoticeSourceParts = {
  readonly self: string;
  readonly guard: HopGuard;
  readonly routes: Routes;
  readonly peers: ReadonlyMap<string, Peer>;
  readonly clock: Clock;
  readonly entropy: Entropy;
};

type Waiting = { readonly next: Peer; settle(outcome: SupplyOutcome): void };

/**
 * The source of key supply notifications (Q.4163 §7.2). Each is sent once: when it is lost, the keys are still there to be fetched by
 * their IDs.
 */
export class NoticeSource {
  readonly #parts: NoticeSourceParts;
  readonly #waiting = new Map<string, Waiting>();
  /** Sessions of chosen keys in which a response is still owed, and until when one is reckoned with. Sessions are configured, and so few. */
  readonly #owed = new Map<string, { readonly next: Peer; readonly untilMs: number }>();
  readonly stats = { sent: 0, succeeded: 0, failed: 0, lastFailure: '' };

  constructor(parts: NoticeSourceParts) {
    this.#parts = parts;
  }

  get inFlight(): number {
    return this.#waiting.size;
  }

  /** Announces keys in a session of their own. Resolves to what came of it; rejects for a broken invariant alone. */
  async announce({ sizeBits, ...keys }: Announcement): Promise<SupplyOutcome> {
    const { self, routes, peers, entropy } = this.#parts;
    const transit = routes.transit(keys.destination);
    const next = transit && peers.get(transit[0] ?? keys.destination);
    if (transit === undefined || next === undefined) return this.#count(failure('no_route'));
    // It would not understand the entry.
    if (next.plain !== undefined && next.kmaId === keys.destination)
      return this.#count(failure('no_such_session'));
    const announced = { ...keys, source: self, transit };
    const notice = { sessionId: entropy.uuid(), number: keys.keyIds.length, sizeBits, announced };
    return this.#exchange(next, notice, limits.supplyNoticeMs);
  }

  /** Has the destination KM choose and supply keys. At most one at a time in each session: a response names nothing but that. */
  async choose({ destination, ...asked }: SessionRequest): Promise<SupplyOutcome> {
    const { peers, clock } = this.#parts;
    const next = peers.get(destination);
    if (next === undefined) return this.#count(failure('no_route'));
    const { sessionId } = asked;
    // What comes now would be the answer to the request before.
    if ((this.#owed.get(sessionId)?.untilMs ?? 0) > clock.monotonicMs())
      return this.#count(failure('overloaded'));
    const outcome = await this.#exchange(next, { ...asked, announced: undefined }, limits.supplySessionMs);
    if (outcome.response === 'timeout')
      this.#owed.set(sessionId, { next, untilMs: clock.monotonicMs() + limits.supplyNoticeMs });
    return outcome;
  }

  /** A response. @returns false when it answers nothing that we sent to this neighbour */
  onAnswer(peer: Peer, { sessionId, response, keyIds }: SupplyAnswer): boolean {
    const waiting = this.#waiting.get(sessionId);
    if (waiting === undefined && this.#owed.get(sessionId)?.next === peer)
      return this.#owed.delete(sessionId);
    if (waiting?.next !== peer) return false;
    waiting.settle({ response, keyIds });
    return true;
  }

  stop(): void {
    for (const waiting of this.#waiting.values()) waiting.settle(failure('stopped'));
  }

  async #exchange(next: Peer, notice: SupplyNotice, waitMs: number): Promise<SupplyOutcome> {
    const { sessionId } = notice;
    if (this.#waiting.has(sessionId) || this.#waiting.size >= limits.supplyNoticesMax)
      return this.#count(failure('overloaded'));
    const outcome = new Promise<SupplyOutcome>((resolve) => {
      const settle = (what: SupplyOutcome) => {
        if (!this.#waiting.delete(sessionId)) return;
        cancel();
        resolve(what);
      };
      const cancel = this.#parts.clock.after(waitMs, () => settle(failure('timeout')));
      this.#waiting.set(sessionId, { next, settle });
    });
    this.stats.sent += 1;
    try {
      const draft = writeSupplyNotice(notice, next.plain?.memberNames);
      const sent = await this.#parts.guard.send(next, command.keySupply, draft);
      if (sent !== 'sent') this.#waiting.get(sessionId)?.settle(failure(sent));
    } catch (thrown) {
      rethrowInvariant(thrown);
      const reason = thrown instanceof AgentError ? 'store_unavailable' : 'internal';
      this.#waiting.get(sessionId)?.settle(failure(reason));
    }
    return this.#count(await outcome);
  }

  #count(outcome: SupplyOutcome): SupplyOutcome {
    if (outcome.response === 'success') this.stats.succeeded += 1;
    else {
      this.stats.failed += 1;
      this.stats.lastFailure = outcome.response;
    }
    return outcome;
  }
}

function failure(response: string): SupplyOutcome {
  return { response, keyIds: [] };
}
