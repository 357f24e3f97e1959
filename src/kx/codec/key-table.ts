import { assert } from '../../errors.ts';
import { limits } from '../../limits.ts';
import { addressOf, bringBack, bytes, loops, region, words } from './engine.ts';
import type { JsonView } from './json-view.ts';

const ROW_WORDS = 6;
const ROWS = region.rows / 4;
const KEY_ESCAPED = 2;

/** Where a key's base64 stands in a payload, and how many bytes it decodes to. */
export type KeyRange = { readonly start: number; readonly end: number; readonly bytes: number };

/** The keys of a key relay message (Q.4163 Table 1, Keys): not the keys themselves, but where they and their IDs stand in the payload. */
export class KeyTable {
  readonly #rows: Int32Array;
  readonly count: number;
  /** Bytes of all keys together, which is the pad that they take. */
  readonly bytes: number;
  /** Whether some base64 has escapes in it, such as `\/`: it has to be compacted before pad can be laid on it. */
  readonly escaped: boolean;

  /** Of the rows that the loops have just filled. */
  constructor(count: number) {
    this.#rows = words.slice(ROWS, ROWS + count * ROW_WORDS);
    this.count = count;
    let sum = 0;
    let flags = 0;
    for (let at = 0; at < this.#rows.length; at += ROW_WORDS) {
      sum += this.#rows[at + 4]!;
      flags |= this.#rows[at + 5]!;
    }
    this.bytes = sum;
    this.escaped = (flags & KEY_ESCAPED) !== 0;
  }

  range(index: number): KeyRange {
    const at = index * ROW_WORDS;
    return { start: this.#rows[at + 2]!, end: this.#rows[at + 3]!, bytes: this.#rows[at + 4]! };
  }

  /** Bytes of a key's ID as it stands in the payload. */
  idBytes(index: number): number {
    return this.#rows[index * ROW_WORDS + 1]! - this.#rows[index * ROW_WORDS]!;
  }

  /** The text of a key's ID. @returns undefined when it is empty or longer than an ID may be */
  id(payload: Buffer, index: number): string | undefined {
    const [start, end, , , , flags] = this.#rows.subarray(index * ROW_WORDS) as unknown as number[];
    if (end! - start! > limits.idCharsMax * 6) return undefined;
    const raw = payload.toString('utf8', start, end);
    const text = (flags! & 1) === 0 ? raw : (JSON.parse(`"${raw}"`) as string);
    return text.length > 0 && text.length <= limits.idCharsMax ? text : undefined;
  }

  /** Whether each key has `size` bytes. */
  allOf(size: number): boolean {
    for (let at = 4; at < this.#rows.length; at += ROW_WORDS) if (this.#rows[at] !== size) return false;
    return true;
  }

  /** Whether the IDs are UUIDs in lower case, each one more than the one before. */
  consecutive(payload: Buffer): boolean {
    this.load();
    return loops.consecutiveIds(addressOf(payload), this.count) !== 0;
  }

  /** Puts the rows where the loops look for them. */
  load(): void {
    words.set(this.#rows, ROWS);
  }
}

/**
 * The keys in the array `list`, which belongs to the scan made last.
 * @returns undefined when there is none or too many, or one of them is none: an ID or base64 is missing, malformed, empty or too long
 */
export function findKeys(list: JsonView): KeyTable | undefined {
  const count = loops.findKeys(addressOf(list.bytes), list.index, limits.relayKeyBytesMax);
  if (count < 1) return undefined;
  const keys = new KeyTable(count);
  for (let i = 0; i < count; i++) if (!plausibleId(keys, list.bytes, i)) return undefined;
  return keys;
}

// Nearly all IDs are so short that they need not be looked at.
function plausibleId(keys: KeyTable, payload: Buffer, index: number): boolean {
  const length = keys.idBytes(index);
  return (length > 0 && length <= limits.idCharsMax) || keys.id(payload, index) !== undefined;
}

/**
 * Takes the escapes out of the keys' base64, after which the payload is shorter.
 * @returns the payload as it is now, a view of the same memory, and its keys
 */
export function compactKeys(payload: Buffer, keys: KeyTable): { payload: Buffer; keys: KeyTable } {
  keys.load();
  const length = loops.compactKeys(addressOf(payload), payload.length, keys.count);
  bringBack(payload);
  return { payload: payload.subarray(0, length), keys: new KeyTable(keys.count) };
}

/**
 * XORs pad into the keys' base64, in place: each key takes as many pad bytes as it has, in order.
 * @param pad at least as long as all keys together; only lent
 */
export function coverKeys(payload: Buffer, keys: KeyTable, pad: Uint8Array): void {
  withPad(keys, pad, () => loops.coverKeys(addressOf(payload), keys.count));
  bringBack(payload);
}

/**
 * Takes pad off the keys and decodes them.
 * @param target gets all keys one after the other: `keys.bytes` bytes, the caller's to wipe
 */
export function uncoverKeys(payload: Buffer, keys: KeyTable, pad: Uint8Array, target: Buffer): void {
  withPad(keys, pad, () => loops.uncoverKeys(addressOf(payload), keys.count));
  const found = bytes.subarray(region.keys, region.keys + keys.bytes);
  target.set(found);
  bytes.fill(0, region.keys, region.keys + keys.bytes + SLACK);
  bringBack(payload);
}

/** The loops write in steps of sixteen bytes, so some behind the end. */
const SLACK = 16;

function withPad(keys: KeyTable, pad: Uint8Array, run: () => void): void {
  assert(!keys.escaped && pad.length >= keys.bytes, 'pad covers all keys, whose base64 is compact');
  keys.load();
  bytes.set(pad.subarray(0, keys.bytes), region.pad);
  run();
  bytes.fill(0, region.pad, region.pad + keys.bytes);
}
