import { command } from '../../src/kx/codec/header.ts';
import { limits } from '../../src/limits.ts';
import { type KeyLedger, violate } from './key-ledger.ts';

const HEADER = limits.kxHeaderBytes;
const UNIT = limits.unitBytes;

type Entry = {
  readonly keyferry_hop?: { readonly pad: readonly (readonly number[])[]; readonly tag: string };
  readonly keyferry_block?: { readonly number: number };
};
type Payload = {
  readonly source_KMA_ID?: string;
  readonly destination_KMA_ID?: string;
  readonly key_relay_request_ID?: string;
  readonly keys?: readonly { readonly key_ID: string; readonly key: string }[];
  readonly response?: string;
  readonly blocks?: readonly (readonly (string | number)[])[];
  readonly extension?: readonly Entry[];
};

/** A block of relayed key, and who has it. */
export type Relayed = { readonly source: string; readonly destination: string; readonly number: number };

/** Reads every frame that leaves a node, with code of its own, and holds it against the ledger. */
export class FrameWatch {
  readonly #ledger: KeyLedger;
  readonly #byRequest = new Map<string, Relayed[]>();
  /** Relayed KMA-keys in the clear, by key ID: each hop must carry the same. */
  readonly #clear = new Map<string, string>();
  #frames = 0;
  /** The destination says that it holds this. */
  onCompleted: (relayed: Relayed) => void = () => {};

  constructor(ledger: KeyLedger) {
    this.#ledger = ledger;
  }

  frame(from: string, to: string, frame: Buffer): string {
    this.#frames += 1;
    const code = frame.readUInt16BE(6);
    const name = nameOf(code);
    if (code === command.hello || code === command.ping || code === command.pong || code === command.holdings)
      return name;
    const payload = JSON.parse(frame.toString('utf8', HEADER)) as Payload;
    if (code === command.syncProposal || code === command.syncAnswer) {
      const proposes = code === command.syncProposal;
      this.#proofs(from, to, proposes ? 'proposal' : 'answer', payload.blocks ?? []);
      const words = ([number, second, epoch]: readonly (string | number)[]) =>
        proposes ? `${number} in ${epoch}` : `${number} ${second}`;
      return `${name} ${payload.blocks?.map(words).join(', ')}`;
    }
    const hop = payload.extension?.at(-1)?.keyferry_hop;
    if (hop === undefined) violate('messages are protected', `${from} sent ${to} ${name} without pad`);
    const pad = this.#ledger.padUsed(from, to, hop.pad, `${name} ${from}>${to} #${this.#frames}`);
    if (code === command.keyRelay) this.#relay(from, payload, pad);
    if (code === command.keyRelayCompletion) this.#completion(from, payload);
    return `${name} ${payload.key_relay_request_ID ?? ''} ${payload.response ?? ''}`;
  }

  #proofs(
    from: string,
    to: string,
    role: 'proposal' | 'answer',
    blocks: readonly (readonly (string | number)[])[],
  ): void {
    for (const row of blocks) {
      const tag = String(role === 'proposal' ? row[3] : row[2]);
      if (tag !== '') this.#ledger.proved(role, from, to, Number(row[0]), tag);
    }
  }

  // The cover is taken off as the next hop will: what is under it has to be what the source put there.
  #relay(from: string, payload: Payload, pad: Buffer): void {
    const { source_KMA_ID: source, destination_KMA_ID: destination, key_relay_request_ID: request } = payload;
    let at = UNIT;
    for (const { key_ID, key } of payload.keys ?? []) {
      const covered = Buffer.from(key, 'base64');
      for (let i = 0; i < covered.length; i++) covered[i]! ^= pad[at + i]!;
      at += covered.length;
      const clear = covered.toString('latin1');
      const before = this.#clear.get(key_ID);
      if (before !== undefined && before !== clear)
        violate('relayed key is whole', `${from} passes key ${key_ID} on with other bits`);
      this.#clear.set(key_ID, clear);
    }
    if (at > pad.length)
      violate('one-time pad', `${from} covers ${at} bytes with ${pad.length} bytes of pad`);
    const block = payload.extension?.find((entry) => entry.keyferry_block !== undefined)?.keyferry_block;
    if (from !== source || block === undefined || request === undefined || destination === undefined) return;
    const relayed = this.#byRequest.get(request) ?? [];
    this.#byRequest.set(request, relayed);
    if (!relayed.some(({ number }) => number === block.number))
      relayed.push({ source, destination, number: block.number });
  }

  #completion(from: string, { key_relay_request_ID: request, response }: Payload): void {
    if (response !== 'success' || request === undefined) return;
    for (const relayed of this.#byRequest.get(request) ?? [])
      if (relayed.destination === from) this.onCompleted(relayed);
  }

  /** What a request carried. */
  carried(request: string): readonly Relayed[] {
    return this.#byRequest.get(request) ?? [];
  }

  /** Requests of so long ago are not asked for any more. */
  forget(most: number): void {
    for (const map of [this.#byRequest, this.#clear])
      for (const key of map.keys()) {
        if (map.size <= most) break;
        map.delete(key);
      }
  }
}

function nameOf(code: number): string {
  return Object.entries(command).find(([, value]) => value === code)?.[0] ?? String(code);
}
