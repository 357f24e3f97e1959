import { assert } from '../../errors.ts';
import { limits } from '../../limits.ts';
import { addressOf, bringBack, bytes, leave, loops, region, words } from './engine.ts';
import type { JsonView } from './json-view.ts';

const ROW_WORDS = 6;
const ROWS = region.rows / 4;
const ID_ESCAPED = 1;
const KEY_ESCAPED = 2;
const LONG_ID = 4;

/** Where a key's base64 stands in a payload, and how many bytes it decodes to. */
export type KeyRange = { readonly start: number; readonly end: number; readonly bytes: number };

/**
 * The keys of a key relay message (Q.4163 Table 1, Keys): not the keys themselves, but where they and their IDs stand in the payload. The rows
 * lie where the loops work, and are copied before those of another message take their place.
 */
export class KeyTable {
  #rows = words;
  #first = ROWS;
  readonly count: number;
  /** Bytes of all keys together, which is the pad that they take. */
  readonly bytes: number;
  /** Whether some base64 has escapes in it, such as `\/`: it has to be compacted before pad can be laid on it. */
  readonly escaped: boolean;

  /** Of the rows that the loops have just filled, after `makeRoom()`. */
  constructor(count: number, keyBytes: number, flags: number) {
    this.count = count;
    this.bytes = keyBytes;
    this.escaped = (flags & KEY_ESCAPED) !== 0;
    loaded = this;
  }

  range(index: number): KeyRange {
    return { start: this.#at(index, 2), end: this.#at(index, 3), bytes: this.#at(index, 4) };
  }

  /** The text of a key's ID. @returns undefined when it is longer than an ID may be */
  id(payload: Buffer, index: number): string | undefined {
    const [start, end] = [this.#at(index, 0), this.#at(index, 1)];
    if (end - start > limits.idCharsMax * 6) return undefined;
    const raw = payload.toString('utf8', start, end);
    const text = (this.#at(index, 5) & ID_ESCAPED) === 0 ? raw : (JSON.parse(`"${raw}"`) as string);
    return text.length <= limits.idCharsMax ? text : undefined;
  }

  /** Whether each key has `size` bytes. */
  allOf(size: number): boolean {
    for (let i = 0; i < this.count; i++) if (this.#at(i, 4) !== size) return false;
    return true;
  }

  /** Whether the IDs are UUIDs in lower case, each one more than the one before. */
  consecutive(payload: Buffer): boolean {
    this.load();
    const consecutive = loops.consecutiveIds(addressOf(payload), this.count) !== 0;
    leave(payload);
    return consecutive;
  }

  /** Puts the rows where the loops look for them. */
  load(): void {
    if (loaded === this) return;
    makeRoom();
    words.set(this.#rows, ROWS);
    this.#rows = words;
    this.#first = ROWS;
    loaded = this;
  }

  /** Before other rows come. */
  copy(): void {
    this.#rows = words.slice(ROWS, ROWS + this.count * ROW_WORDS);
    this.#first = 0;
  }

  #at(index: number, word: number): number {
    return this.#rows[this.#first + index * ROW_WORDS + word]!;
  }
}

// Whose rows lie where the loops work.
let loaded: KeyTable | undefined;

/** Before the loops write other rows. */
export function makeRoom(): void {
  loaded?.copy();
  loaded = undefined;
}

/** Says that keys are not looked at any more, so that their rows need not be copied. */
export function doneWithKeys(keys: KeyTable): void {
  if (loaded === keys) loaded = undefined;
}

/**
 * The keys in the array `list`, which belongs to the scan made last.
 * @returns undefined when there is none or too many, or one of them is none: an ID or base64 is missing, malformed, empty or too long
 */
export function findKeys(list: JsonView): KeyTable | undefined {
  makeRoom();
  const count = loops.findKeys(addressOf(list.bytes), list.index, limits.relayKeyBytesMax);
  leave(list.bytes);
  if (count < 1) return undefined;
  const flags = loops.foundFlags();
  const keys = new KeyTable(count, loops.foundBytes(), flags);
  if ((flags & LONG_ID) !== 0)
    for (let i = 0; i < count; i++) if (keys.id(list.bytes, i) === undefined) return undefined;
  return keys;
}

/**
 * Takes the escapes out of the keys' base64, after which the payload is shorter.
 * @returns the payload as it is now, a view of the same memory, and its keys
 */
export function compactKeys(payload: Buffer, keys: KeyTable): { payload: Buffer; keys: KeyTable } {
  keys.load();
  // The table before is no good any more: its rows are corrected where they lie.
  const length = loops.compactKeys(addressOf(payload), payload.length, keys.count);
  bringBack(payload);
  return { payload: payload.subarray(0, length), keys: new KeyTable(keys.count, keys.bytes, 0) };
}

/**
 * XORs pad into the keys' base64, in place: each key takes as many pad bytes as it has, in order.
 * @param pad at least as long as all keys together; only lent
 * @param other a second pad for the same step: old pad goes off and new pad on at once, and no key is in the clear in between; only lent
 */
export function coverKeys(payload: Buffer, keys: KeyTable, pad: Uint8Array, other?: Uint8Array): void {
  if (other !== undefined) {
    assert(other.length >= keys.bytes, 'both pads cover all keys');
    bytes.set(other.subarray(0, keys.bytes), region.keys);
  }
  withPad(keys, pad, () => {
    if (other !== undefined) loops.mixPads(keys.bytes);
    loops.coverKeys(addressOf(payload), keys.count);
  });
  if (other !== undefined) bytes.fill(0, region.keys, region.keys + keys.bytes);
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
