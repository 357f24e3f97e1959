import type { Log } from '../env/log.ts';
import { messageOf, rethrowInvariant } from '../errors.ts';
import { type Completion, readCompletion, writeCompletion } from '../kx/codec/completion.ts';
import type { Draft } from '../kx/codec/draft.ts';
import type { Frame } from '../kx/codec/frame.ts';
import { command } from '../kx/codec/header.ts';
import { type KeyRelay, readKeyRelay, refusalOfUnread } from '../kx/codec/key-relay.ts';
import { compactKeys } from '../kx/codec/key-table.ts';
import { passedOn } from '../kx/codec/plain-form.ts';
import { whyMalformed } from '../kx/decode/why-malformed.ts';
import type { Peer } from '../kx/peer/peer.ts';
import type { Message } from '../kx/session/session.ts';
import { limits } from '../limits.ts';
import { type HopGuard, reserveFrom } from './hop-guard.ts';
import type { RelayDestination } from './relay-destination.ts';
import type { RelaySource } from './relay-source.ts';
import type { RelayTransit } from './relay-transit.ts';

/** Key relay messages and completion notifications (Q.4163 §7.1, §8.1, §8.2): which role this node has in each. */
export class Relay {
  readonly #self: string;
  readonly #guard: HopGuard;
  readonly #peers: ReadonlyMap<string, Peer>;
  readonly #log: Log;
  readonly source: RelaySource;
  readonly transit: RelayTransit;
  readonly destination: RelayDestination;

  constructor(
    self: string,
    guard: HopGuard,
    roles: { source: RelaySource; transit: RelayTransit; destination: RelayDestination },
    peers: ReadonlyMap<string, Peer>,
    log: Log,
  ) {
    this.#self = self;
    this.#guard = guard;
    this.#peers = peers;
    this.#log = log;
    this.source = roles.source;
    this.transit = roles.transit;
    this.destination = roles.destination;
  }

  /** @returns once the message has been worked on, whatever came of it */
  onMessage(peer: Peer, message: Message): Promise<void> {
    const handled = message.header.command === command.keyRelay ? this.#onRelay : this.#onCompletion;
    return handled.call(this, peer, message).catch((thrown: unknown) => {
      rethrowInvariant(thrown);
      this.#log.error('kma.relay.error', { peer: peer.kmaId, reason: messageOf(thrown) });
    });
  }

  async #onRelay(peer: Peer, message: Message): Promise<void> {
    using frame = message.keep();
    const relay = readKeyRelay(frame.payload);
    if (relay === undefined || (peer.plain !== undefined && !relay.extensionSound))
      return this.#onUnread(peer, { header: message.header, payload: frame.payload });
    const pad = this.#guard.receive(peer, frame, relay.hop, relay.keys);
    const refusal = peer.plain === undefined ? 'authentication_failed' : 'refused_by_policy';
    if (pad === undefined) return this.#complete(peer, relay.requestId, refusal);
    using covered = pad;
    const response = await this.#takeOrForward(
      peer,
      frame,
      compacted(frame, relay),
      covered.view().subarray(limits.unitBytes),
    );
    if (response === undefined) return;
    // Who was refused may have spoken in another's name.
    const believed = relay.destination === this.#self && response !== 'refused_by_policy';
    const atSource = believed ? this.#peers.get(relay.source) : undefined;
    await this.#complete(peer, relay.requestId, response, atSource);
  }

  // Our limits are not the Recommendation's: a plain peer cannot know them, and would ask again and again. So it is told, and keeps its connection,
  // unless it sends many such.
  #onUnread(peer: Peer, message: Pick<Message, 'header' | 'payload'>): Promise<void> | void {
    const reason = whyMalformed(message, peer.spotless);
    this.#log.warn('kx.message.malformed', { peer: peer.kmaId, command: 'key_relay', reason });
    const refusal = peer.plain && refusalOfUnread(message.payload);
    return refusal === undefined || !peer.mayErr()
      ? peer.malformed()
      : this.#complete(peer, refusal.requestId, refusal.response);
  }

  #takeOrForward(peer: Peer, frame: Frame, relay: KeyRelay, covered: Buffer) {
    return relay.destination === this.#self
      ? this.destination.take(peer.kmaId, frame.payload, relay, covered)
      : this.transit.forward(peer, frame, relay, covered);
  }

  async #onCompletion(peer: Peer, message: Message): Promise<void> {
    const completion = readCompletion(message.payload);
    const unanswered = peer.plain === undefined ? 0 : this.#guard.unanswered.answered(peer);
    const requestId = completion?.requestId ?? (completion && this.#onlyAwaited(peer, unanswered));
    if (completion === undefined || requestId === undefined) {
      this.#log.warn('kx.message.malformed', {
        peer: peer.kmaId,
        command: 'key_relay_completion',
        reason:
          completion === undefined
            ? whyMalformed(message, peer.spotless)
            : 'no request ID tells what it answers',
      });
      return peer.malformed();
    }
    const pad = this.#guard.receive(peer, message, completion.hop, undefined);
    if (pad === undefined) return;
    pad.wipe();
    const { response } = completion;
    if (this.source.onCompletion(peer, requestId, response)) return;
    const passing = this.transit.completed(requestId, peer);
    if (passing === undefined) return;
    const { from, unnamed } = passing;
    const draft = unnamed
      ? writeCompletion(response, undefined, from.plain?.memberNames)
      : passedOn(
          message.payload,
          peer.plain === undefined ? completion.hop : undefined,
          idOf(completion, requestId),
        );
    if (draft !== undefined) await this.#send(from, draft);
  }

  // A plain peer may leave the request ID out (Q.4163 Table 2); what it answers is plain only when it has one thing to answer, tries that
  // were given up included.
  #onlyAwaited(peer: Peer, unanswered: number): string | undefined {
    if (unanswered !== 1) return undefined;
    const [only, ...others] = [...this.source.awaited(peer), ...this.transit.awaited(peer)];
    return others.length === 0 ? only : undefined;
  }

  /** @param atSource the source, where it is a neighbour of ours: then the completion goes straight to it (Q.4163 §7.1), if it can */
  async #complete(
    peer: Peer,
    requestId: string | undefined,
    response: string,
    atSource?: Peer,
  ): Promise<void> {
    if (requestId === undefined && peer.plain === undefined) return;
    const write = (to: Peer) => writeCompletion(response, requestId, to.plain?.memberNames);
    if (atSource?.up === true && atSource !== peer) {
      const reserve = reserveFrom(peer);
      const sent = await this.#guard.send(
        atSource,
        command.keyRelayCompletion,
        write(atSource),
        undefined,
        reserve,
      );
      if (sent === 'sent') return;
    }
    await this.#send(peer, write(peer));
  }

  async #send(peer: Peer, draft: Draft): Promise<void> {
    const sent = await this.#guard.send(peer, command.keyRelayCompletion, draft);
    if (sent !== 'sent') this.#log.warn('kma.completion.not_sent', { peer: peer.kmaId, reason: sent });
  }
}

/** Base64 with escapes in it, as some encoders write, is brought into its own form once the message has proved authentic. */
function compacted(frame: Frame, relay: KeyRelay): KeyRelay {
  if (!relay.keys.escaped) return relay;
  const { payload, keys } = compactKeys(frame.payload, relay.keys);
  const hop = relay.hop && { ...relay.hop, start: relay.hop.start - (frame.payload.length - payload.length) };
  frame.shorten(payload.length);
  return { ...relay, keys, hop };
}

// The member that a plain peer left out.
function idOf(completion: Completion, requestId: string): string | undefined {
  return completion.requestId === undefined
    ? `"key_relay_request_ID":${JSON.stringify(requestId)}`
    : undefined;
}
