import type { Log } from '../env/log.ts';
import { assert } from '../errors.ts';
import { frameWithHop, type HopView, sealHop, verifyHop } from '../kx/codec/hop.ts';
import { type KeyRange, keyBytes, padKeys } from '../kx/codec/key-text.ts';
import type { Peer } from '../kx/peer/peer.ts';
import type { Message } from '../kx/session/session.ts';
import { limits } from '../limits.ts';
import { SecretBytes } from '../secret/secret-bytes.ts';
import type { Allocator } from '../store/allocator.ts';
import type { KeyStore } from '../store/key-store.ts';

export type Protected = 'sent' | 'no_pad' | 'peer_unreachable' | 'overloaded' | 'malformed';

/**
 * Protects messages on one hop with key of that hop's link pool (design rule 5): the first KMA-key of a pad range is the one-time
 * authentication key, the rest covers the relayed keys.
 */
export class HopGuard {
  readonly #self: string;
  readonly #store: KeyStore;
  readonly #allocator: Allocator;
  readonly #log: Log;

  constructor(self: string, store: KeyStore, allocator: Allocator, log: Log) {
    this.#self = self;
    this.#store = store;
    this.#allocator = allocator;
    this.#log = log;
  }

  /**
   * Sends a message under fresh pad.
   * @param prefix payload up to the hop entry; its keys are covered in place
   * @param covered pad that still lies on the keys from the hop before, as long as they are; it is taken off in the same step.
   *   Without it the keys are in the clear. Only lent
   */
  async send(
    peer: Peer,
    command: number,
    prefix: Buffer,
    ranges: readonly KeyRange[],
    covered?: SecretBytes,
  ): Promise<Protected> {
    if (!peer.up) return 'peer_unreachable';
    if (peer.congested) return 'overloaded';
    const length = keyBytes(ranges);
    const units = 1 + Math.ceil(length / limits.unitBytes);
    const pad = await this.#allocator.takePad(this.#store.pool(peer.kmaId), units);
    if (pad === undefined) return 'no_pad';
    using bytes = pad.bytes;
    const cover = bytes.view().subarray(limits.unitBytes);
    if (covered !== undefined) {
      assert(covered.length >= length, 'the pad before covers all keys');
      const before = covered.view();
      for (let i = 0; i < length; i++) cover[i] = cover[i]! ^ before[i]!;
    }
    padKeys(prefix, ranges, cover);
    const frame = frameWithHop(command, prefix, pad.segments);
    if (frame === undefined) return 'malformed';
    this.#trace('kx.pad.used', peer.kmaId, pad.segments);
    const oneTimeKey = bytes.view().subarray(0, limits.unitBytes);
    const sent = peer.send(frame, (sealed) => sealHop(sealed, this.#self, peer.kmaId, oneTimeKey));
    return sent ? 'sent' : 'peer_unreachable';
  }

  /**
   * Checks a message that came in, and spends its pad when it is authentic.
   * @returns the pad on its keys, which the caller owns; undefined when it is not authentic
   */
  receive(
    peer: Peer,
    message: Message,
    hop: HopView | undefined,
    ranges: readonly KeyRange[],
  ): SecretBytes | undefined {
    const units = hop?.segments.reduce((sum, segment) => sum + segment.units, 0);
    const expected = 1 + Math.ceil(keyBytes(ranges) / limits.unitBytes);
    if (hop === undefined || units !== expected) return this.#reject(peer, 'pad of the wrong size');
    const { headerBytes, payload } = message;
    const authentic = (bytes: SecretBytes) => {
      const oneTimeKey = bytes.view().subarray(0, limits.unitBytes);
      return verifyHop(headerBytes, payload, hop, peer.kmaId, this.#self, oneTimeKey);
    };
    const pad = this.#allocator.receivePad(this.#store.pool(peer.kmaId), hop.segments, authentic);
    if (pad === undefined) return this.#reject(peer, 'pad that is unknown or used, or a wrong authenticator');
    using bytes = pad;
    return SecretBytes.copyOf(bytes.view().subarray(limits.unitBytes));
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
