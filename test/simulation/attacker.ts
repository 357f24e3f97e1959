import { command, setMessageId } from '../../src/kx/codec/header.ts';
import type { Random } from '../fuzz/random.ts';
import type { Attacker } from './sim-net.ts';

const HEADER_BYTES = 10;
const KEPT = 50;

/** What a one-time authenticator protects, and proofs of blocks. The rest of a connection stands on TLS alone. */
const PROTECTED: ReadonlySet<number> = new Set([
  command.keyRelay,
  command.keyRelayCompletion,
  command.keySupply,
  command.keySupplyResponse,
  command.syncProposal,
  command.syncAnswer,
]);

/** Somebody between the nodes for whom TLS is open: tampers with frames, sends old ones again, and sends them back. */
export class Middleman {
  readonly #random: Random;
  readonly #seen = new Map<string, Buffer[]>();
  /** Of 1,000 frames, so many are attacked. */
  perMille = 0;
  attacks = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  readonly attack: Attacker = (from, to, frame) => {
    if (this.perMille === 0 || !PROTECTED.has(frame.readUInt16BE(6))) return [frame];
    const old = this.#remember(`${from}>${to}`, frame);
    if (this.#random.below(1_000) >= this.perMille) return [frame];
    this.attacks += 1;
    switch (this.#random.below(5)) {
      case 0:
        return [this.#tampered(frame)];
      case 1:
        return [frame, frame];
      case 2:
        return [frame, withId(old, frame, 1)];
      case 3:
        return [withId(this.#seen.get(`${to}>${from}`)?.at(-1) ?? old, frame, 0)];
      default:
        return [];
    }
  };

  #remember(way: string, frame: Buffer): Buffer {
    const seen = this.#seen.get(way) ?? [];
    this.#seen.set(way, seen);
    seen.push(Buffer.from(frame));
    if (seen.length > KEPT) seen.shift();
    return this.#random.pick(seen);
  }

  // Behind the header: with another length the rest of the connection is noise.
  #tampered(frame: Buffer): Buffer {
    const forged = Buffer.from(frame);
    forged[HEADER_BYTES + this.#random.below(forged.length - HEADER_BYTES)]! ^= 1 << this.#random.below(8);
    return forged;
  }
}

function withId(old: Buffer, frame: Buffer, more: number): Buffer {
  const forged = Buffer.from(old);
  setMessageId(forged, (frame.readUInt32BE(2) + more) >>> 0);
  return forged;
}
