import { covered, hopEntry, type Sealing, sealed } from './setting.ts';

/** What a receiver makes of a vector; `docs/test-vectors.md` says what each means. */
export type Expected = 'accepted' | 'malformed' | 'not_authentic' | 'closed' | 'waiting';

export type Vector = {
  readonly name: string;
  /** Of the Recommendation, or of docs/kx.md. */
  readonly clause: string;
  /** What A sends behind its greeting, or instead of it. */
  readonly bytes: string;
  readonly expect: Expected;
  /** Where the vector takes the place of the greeting. */
  readonly first?: true;
  /** With `accepted`, where it is worth showing: the relayed keys. */
  readonly keys?: readonly string[];
};

export type Members = Record<string, unknown>;

export const KEYS = [1, 2].map((first) => Buffer.from(Array.from({ length: 32 }, (_, i) => first * 16 + i)));
export const REQUEST = '6f1c3c2e-52a4-4d0b-9a5e-0f6f1b0c7d21';
const IDS = ['0d5e4c1a-9b77-4e02-8f3d-aa00000000ff', '0d5e4c1a-9b77-4e02-8f3d-aa0000000100'];

const blockEntry = { keyferry_block: { number: 12, epoch: 10, floor: 9 } };

/** The members `keys` of Table 1, covered. */
export function keyFiles(keys: readonly Buffer[] = KEYS, ids: readonly string[] = IDS): Members[] {
  return covered(keys).map((key, i) => ({ key_ID: ids[i] ?? `key-${i}`, key }));
}

/** A whole key relay, members replaced by `changes`; one that is undefined is left out. @param bytes of all its keys */
export function relay(changes: Members = {}, bytes = 64): Members {
  return {
    source_KMA_ID: 'A',
    destination_KMA_ID: 'C',
    transit_KMA_IDs: ['B'],
    keys: keyFiles(),
    key_relay_request_ID: REQUEST,
    extension: [blockEntry, hopEntry(bytes)],
    ...changes,
  };
}

export function completion(changes: Members = {}): Members {
  return { response: 'success', key_relay_request_ID: REQUEST, extension: [hopEntry(0)], ...changes };
}

export const COMPLETION: Sealing = { command: 0x1102 };

/** A vector of a payload, given as text or as its members. */
export function vector(
  name: string,
  clause: string,
  expect: Expected,
  payload: string | Buffer | Members,
  sealing: Sealing = {},
): Vector {
  const text = typeof payload === 'string' || Buffer.isBuffer(payload) ? payload : JSON.stringify(payload);
  return { name, clause, bytes: sealed(text, sealing).toString('hex'), expect };
}

/** A key relay that begins with an unknown member of the value `text`. */
export function withValue(text: string | Buffer): Buffer {
  const rest = JSON.stringify(relay()).slice(1);
  return Buffer.concat([Buffer.from('{"x":'), Buffer.from(text), Buffer.from(`,${rest}`)]);
}

/** Key bytes that are shown with an accepted vector. */
export function showing(one: Vector, keys: readonly Buffer[]): Vector {
  return { ...one, keys: keys.map((key) => key.toString('hex')) };
}
