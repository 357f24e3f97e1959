import type { Clock } from '../env/clock.ts';
import type { Log } from '../env/log.ts';
import { messageOf, rethrowInvariant } from '../errors.ts';
import { inOurWords, inShort } from '../kx/codec/completion.ts';
import type { Draft } from '../kx/codec/draft.ts';
import { command } from '../kx/codec/header.ts';
import type { HopView } from '../kx/codec/hop.ts';
import {
  readSupplyAnswer,
  readSupplyNotice,
  type SupplyNotice,
  type SupplyOutcome,
  type SupplyResponse,
  writeSupplyAnswer,
} from '../kx/codec/key-supply.ts';
import { passedOn } from '../kx/codec/plain-form.ts';
import { whyMalformed } from '../kx/decode/why-malformed.ts';
import type { Peer } from '../kx/peer/peer.ts';
import type { Message } from '../kx/session/session.ts';
import { limits } from '../limits.ts';
import { type HopGuard, reserveFrom } from './hop-guard.ts';
import type { NoticeSource } from './notice-source.ts';
import type { Routes } from './routes.ts';
import { SharedTable } from './shared-table.ts';

/** Supplies keys to an application of this node. @param from KMA ID of the neighbour that the notification came from */
export type SupplyKeys = (from: string, notice: SupplyNotice) => Promise<SupplyOutcome>;

export type SupplyNotificationParts = {
  readonly self: string;
  readonly guard: HopGuard;
  readonly routes: Routes;
  readonly peers: ReadonlyMap<string, Peer>;
  readonly clock: Clock;
  readonly log: Log;
  readonly source: NoticeSource;
  /** Undefined at a node without applications. */
  readonly supplyKeys: SupplyKeys | undefined;
};

/**
 * Key supply notifications and their responses (Q.4163 §7.2, §8.3, §8.4) as they come in: which role this node has in each. In transit
 * they go the way of a key relay, and its response goes the same way back.
 */
export class SupplyNotification {
  readonly #parts: SupplyNotificationParts;
  readonly source: NoticeSource;
  readonly #passing = new SharedTable<{ readonly from: Peer; readonly next: Peer }>(
    limits.supplyNoticesPerPeerMax,
    limits.supplyNoticeMs,
  );
  /** Notifications whose keys are being supplied here, by neighbour. */
  readonly #supplying = new Map<string, number>();
  readonly stats = { forwarded: 0, supplied: 0, refused: 0 };

  constructor(parts: SupplyNotificationParts) {
    this.#parts = parts;
    this.source = parts.source;
  }

  /** @returns once the next message may be worked on, whatever came of this one */
  onMessage(peer: Peer, message: Message): Promise<void> {
    const handled = message.header.command === command.keySupply ? this.#onNotice : this.#onAnswer;
    return this.#reported(peer, handled.call(this, peer, message));
  }

  #reported(peer: Peer, work: Promise<void>): Promise<void> {
    return work.catch((thrown: unknown) => {
      rethrowInvariant(thrown);
      this.#parts.log.error('kma.notification.error', { peer: peer.kmaId, reason: messageOf(thrown) });
    });
  }

  async #onNotice(peer: Peer, message: Message): Promise<void> {
    const notice = readSupplyNotice(message.payload);
    if (notice === undefined) return this.#malformed(peer, message, 'key_supply');
    const { sessionId, announced } = notice;
    const pad = this.#parts.guard.receive(peer, message, notice.hop, undefined);
    if (pad === undefined) return this.#refuse(peer, sessionId, 'authentication_failed');
    pad.wipe();
    // Nobody announces keys of another KMA.
    if (announced !== undefined && !this.#parts.routes.mayComeFrom(announced.source, peer.kmaId))
      return this.#refuse(peer, sessionId, 'refused_by_policy');
    if (announced === undefined || announced.destination === this.#parts.self)
      return this.#begin(peer, notice);
    const next = this.#nextFor(peer, sessionId, announced);
    if (typeof next === 'string') return this.#refuse(peer, sessionId, next);
    const draft = passedOn(message.payload, hopOf(peer, notice));
    const sent =
      draft === undefined ? 'malformed' : await this.#send(next, command.keySupply, draft, reserveFrom(peer));
    if (sent === 'sent') this.stats.forwarded += 1;
    else {
      this.#passing.delete(sessionId);
      await this.#refuse(peer, sessionId, sent);
    }
  }

  // An application may be slow to take key: that holds up neither the neighbour's other messages nor those of others.
  async #begin(peer: Peer, notice: SupplyNotice): Promise<void> {
    const underway = this.#supplying.get(peer.kmaId) ?? 0;
    if (underway >= limits.supplyNoticesPerPeerMax) return this.#refuse(peer, notice.sessionId, 'overloaded');
    this.#supplying.set(peer.kmaId, underway + 1);
    this.#reported(peer, this.#supply(peer, notice)).finally(() => {
      const left = this.#supplying.get(peer.kmaId)! - 1;
      if (left === 0) this.#supplying.delete(peer.kmaId);
      else this.#supplying.set(peer.kmaId, left);
    });
  }

  /** Where a notification in transit goes next, with its way back remembered; or why it goes no further. */
  #nextFor(
    from: Peer,
    sessionId: string,
    { destination, transit }: NonNullable<SupplyNotice['announced']>,
  ): Peer | SupplyResponse {
    const { routes, peers, clock } = this.#parts;
    const id = routes.next(destination, transit);
    const next = id === undefined ? undefined : peers.get(id);
    const now = clock.monotonicMs();
    // A session that is under way already has come round in a circle, or is somebody else's.
    if (next === undefined || next === from || this.#passing.get(sessionId, now) !== undefined)
      return 'no_route';
    this.#passing.set(from.kmaId, sessionId, { from, next }, now);
    return next;
  }

  async #supply(peer: Peer, notice: SupplyNotice): Promise<void> {
    const { supplyKeys, log } = this.#parts;
    const outcome = (await supplyKeys?.(peer.kmaId, notice)) ?? { response: 'no_such_session', keyIds: [] };
    const { sessionId } = notice;
    const { response, keyIds } = outcome;
    if (response !== 'success') return this.#refuse(peer, sessionId, response);
    this.stats.supplied += 1;
    log.debug('kma.notification.supplied', {
      peer: peer.kmaId,
      session: sessionId,
      keys: keyIds.length,
    });
    await this.#answer(peer, sessionId, outcome);
  }

  async #onAnswer(peer: Peer, message: Message): Promise<void> {
    const answer = readSupplyAnswer(message.payload);
    if (answer === undefined) return this.#malformed(peer, message, 'key_supply_response');
    const pad = this.#parts.guard.receive(peer, message, answer.hop, undefined);
    if (pad === undefined) return;
    pad.wipe();
    const response = peer.plain === undefined ? answer.response : inOurWords(answer.response);
    if (this.source.onAnswer(peer, { ...answer, response: inShort(response) })) return;
    const back = this.#passing.get(answer.sessionId, this.#parts.clock.monotonicMs());
    if (back?.next !== peer) return;
    this.#passing.delete(answer.sessionId);
    const draft = passedOn(message.payload, hopOf(peer, answer));
    if (draft !== undefined) await this.#send(back.from, command.keySupplyResponse, draft);
  }

  async #refuse(peer: Peer, sessionId: string, response: string): Promise<void> {
    this.stats.refused += 1;
    // Not a warning: an application that isn't connected is no fault, and every request for key may meet it.
    this.#parts.log.debug('kma.notification.refused', {
      peer: peer.kmaId,
      session: sessionId,
      reason: response,
    });
    await this.#answer(peer, sessionId, { response, keyIds: [] });
  }

  async #answer(peer: Peer, sessionId: string, outcome: SupplyOutcome): Promise<void> {
    const draft = writeSupplyAnswer({ sessionId, ...outcome }, peer.plain?.memberNames);
    const sent = await this.#send(peer, command.keySupplyResponse, draft);
    if (sent !== 'sent')
      this.#parts.log.debug('kma.notification.not_sent', { peer: peer.kmaId, reason: sent });
  }

  #send(peer: Peer, commandCode: number, draft: Draft, reserve = 0) {
    return this.#parts.guard.send(peer, commandCode, draft, undefined, reserve);
  }

  #malformed(peer: Peer, message: Message, name: string): void {
    const reason = whyMalformed(message, peer.spotless);
    this.#parts.log.warn('kx.message.malformed', { peer: peer.kmaId, command: name, reason });
    peer.malformed();
  }
}

// What a plain peer writes there is no hop entry.
function hopOf(peer: Peer, { hop }: { readonly hop: HopView | undefined }): HopView | undefined {
  return peer.plain === undefined ? hop : undefined;
}
