import type { Log } from '../env/log.ts';
import type { Draft } from '../kx/codec/draft.ts';
import { command as commands } from '../kx/codec/header.ts';
import { closeWithHop, type HopView, sealHop, verifyHop } from '../kx/codec/hop.ts';
import { coverKeys, doneWithKeys, type KeyTable } from '../kx/codec/key-table.ts';
import { closePlainly } from '../kx/codec/plain-form.ts';
import { giveMemory } from '../kx/codec/slots.ts';
import type { Peer } from '../kx/peer/peer.ts';
import type { Message } from '../kx/session/session.ts';
import { limits } from '../limits.ts';
import { SecretBytes } from '../secret/secret-bytes.ts';
import type { Allocator } from '../store/allocator.ts';
import type { KeyStore } from '../store/key-store.ts';
import { Unanswered } from './unanswered.ts';

const KEY_RELAY = commands.keyRelay;

export type Protected =
  | 'sent'
  | 'no_pad'
  | 'peer_unreachable'
  | 'overloaded'
  | 'malformed'
  | 'refused_by_policy';

/**
 * Protects messages on one hop with key of that hop's link pool (design rule 5): the first KMA-key of a pad range is the one-time
 * authentication key, the rest covers the relayed keys. To a plain Q.4163 peer nothing but TLS protects a message; key goes to it only where
 * the configuration allows that.
 */
export class HopGuard {
  readonly #self: string;
  readonly #store: KeyStore;
  readonly #allocator: Allocator;
  readonly #log: Log;
  /** Of plain peers. */
  readonly unanswered = new Unanswered();

  constructor(self: string, store: KeyStore, allocator: Allocator, log: Log) {
    this.#self = self;
    this.#store = store;
    this.#allocator = allocator;
    this.#log = log;
  }

  /**
   * Sends a message under fresh pad.
   * @param draft the guard's from now on; its keys are covered in place
   * @param covered pad that still lies on the keys from the hop before, as long as they are; it is taken off in the same step.
   *   Without it the keys are in the clear. Only lent
   * @param reserve KMA-keys of the link that are left for others
   */
  async send(peer: Peer, command: number, draft: Draft, covered?: Buffer, reserve = 0): Promise<Protected> {
    using owned = draft;
    if (!peer.up) return 'peer_unreachable';
    if (peer.congested) return 'overloaded';
    if (isPlain(peer)) return this.#sendPlain(peer, command, owned, covered);
    const { keys } = owned;
    const units = 1 + Math.ceil((keys?.bytes ?? 0) / limits.unitBytes);
    const pad = await this.#allocator.takePad(this.#store.pool(peer.kmaId), units, reserve);
    if (pad === undefined) return 'no_pad';
    using bytes = pad.bytes;
    // A reload has made the peer plain meanwhile: it does not know what lies on the keys.
    if (isPlain(peer)) return 'peer_unreachable';
    const cover = bytes.view().subarray(limits.unitBytes);
    if (keys !== undefined) {
      coverKeys(owned.payload, keys, cover, covered);
      doneWithKeys(keys);
    }
    const at = limits.kxHeaderBytes + owned.length;
    const memory = owned.takeMemory();
    const frame = closeWithHop(command, memory, at, pad.segments);
    if (frame === undefined) {
      giveMemory(memory);
      return 'malformed';
    }
    this.#trace('kx.pad.used', peer.kmaId, pad.segments);
    const oneTimeKey = bytes.view().subarray(0, limits.unitBytes);
    const sent = peer.send(frame, (sealed) => sealHop(sealed, this.#self, peer.kmaId, oneTimeKey));
    return sent ? 'sent' : 'peer_unreachable';
  }

  #sendPlain(peer: Peer, command: number, draft: Draft, covered: Buffer | undefined): Protected {
    const { keys } = draft;
    if (keys !== undefined && peer.plain?.unprotectedKey !== true) return 'refused_by_policy';
    if (keys !== undefined && covered !== undefined) coverKeys(draft.payload, keys, covered);
    const at = limits.kxHeaderBytes + draft.length;
    const memory = draft.takeMemory();
    const frame = closePlainly(command, memory, at);
    if (frame === undefined) {
      giveMemory(memory);
      return 'malformed';
    }
    if (!peer.send(frame)) return 'peer_unreachable';
    if (command === KEY_RELAY) this.unanswered.sent(peer);
    return 'sent';
  }

  /**
   * Checks a message that came in, and spends its pad when it is authentic. From a plain peer all come without pad: zeros cover their keys.
   * @returns the pad, which the caller owns: what lies on the keys is what follows its first `limits.unitBytes` bytes; undefined when the
   *   message is not authentic
   */
  receive(
    peer: Peer,
    message: Pick<Message, 'headerBytes' | 'payload'>,
    hop: HopView | undefined,
    keys: KeyTable | undefined,
  ): SecretBytes | undefined {
    if (peer.plain !== undefined) return this.#receivePlain(peer, keys);
    const units = hop?.segments.reduce((sum, segment) => sum + segment.units, 0);
    const expected = 1 + Math.ceil((keys?.bytes ?? 0) / limits.unitBytes);
    if (hop === undefined || units === undefined)
      return this.#reject(peer, 'no keyferry_hop, or not in its place or form');
    if (units !== expected) return this.#reject(peer, `pad of ${units} units where ${expected} belong`);
    let tried = false;
    const { headerBytes, payload } = message;
    const authentic = (bytes: SecretBytes) => {
      tried = true;
      const oneTimeKey = bytes.view().subarray(0, limits.unitBytes);
      return verifyHop(headerBytes, payload, hop, peer.kmaId, this.#self, oneTimeKey);
    };
    const pad = this.#allocator.receivePad(this.#store.pool(peer.kmaId), hop.segments, authentic);
    if (pad === undefined)
      return this.#reject(peer, tried ? 'a wrong tag' : 'pad that is unknown, used or not ready');
    return pad;
  }

  #receivePlain(peer: Peer, keys: KeyTable | undefined): SecretBytes | undefined {
    if (keys === undefined || peer.plain?.unprotectedKey === true)
      return SecretBytes.pooled(limits.unitBytes + (keys?.bytes ?? 0));
    this.#log.warn('kx.message.unprotected', { peer: peer.kmaId, reason: 'kx.peers does not allow it' });
    return undefined;
  }

  #reject(peer: Peer, reason: string): undefined {
    this.#log.warn('kx.message.not_authentic', { peer: peer.kmaId, reason });
    peer.notAuthentic();
    return undefined;
  }

  #trace(event: string, peer: string, segments: readonly { number: number; index: number; units: number }[]) {
    for (const { number, index, units } of segments) this.#log.debug(event, { peer, number, index, units });
  }
}

/** What a plain peer, which pays with no key of a link, may not take of another link's pad: it stays for those who do. */
export function reserveFrom(peer: Peer): number {
  return peer.plain === undefined ? 0 : limits.padReserveUnits;
}

function isPlain(peer: Peer): boolean {
  return peer.plain !== undefined;
}
