// The keys of a key relay message (Q.4163 Table 1): where they stand, and what is done with all of them at once.
import { decodedBytes, decodeLetters, encodeLetters, unescapeLetters, xorLetters } from './base64';
import { KEYS, PAD, ROW, ROWS, ROWS_MAX, TEXT, TOKEN, TOKENS } from './layout';
import { folded, KEY, KEY_ID } from './name';
import { runBytes, runFirst, runTimes, runTokens } from './run';
import { ARRAY, ESCAPED, OBJECT, STRING } from './token';

// Flags of a row.
const ID_ESCAPED: i32 = 1;
const KEY_ESCAPED: i32 = 2;
/** Only of all rows together: an ID has so many bytes that it may have too many characters. */
const LONG_ID: i32 = 4;
const ID_BYTES_SURE: i32 = 64;

let keyBytes: i32 = 0;
let keyFlags: i32 = 0;

/** Bytes of all keys that were found last. */
export function foundBytes(): i32 {
  return keyBytes;
}

/** The flags of all their rows. */
export function foundFlags(): i32 {
  return keyFlags;
}

/**
 * Fills the rows from the array whose token is `token` in the payload at `at`. Gives how many keys there are; -1 when an element is no key or
 * there are too many.
 */
export function findKeys(at: usize, token: i32, bytesMax: i32): i32 {
  const own = TOKENS + <usize>token * TOKEN;
  if (load<i32>(own) !== ARRAY) return -1;
  const after = load<i32>(own, 12);
  let rows = 0;
  keyBytes = 0;
  keyFlags = 0;
  for (let i = token + 1; i < after; ) {
    if (rows === ROWS_MAX) return -1;
    if (!findKey(at, i, ROWS + <usize>rows * ROW, bytesMax)) return -1;
    rows += 1;
    if (i === runFirst()) {
      if (rows + runTimes() > ROWS_MAX || !repeatRow(at, rows, bytesMax)) return -1;
      rows += runTimes();
      i += runTimes() * runTokens();
    }
    i = load<i32>(TOKENS + <usize>i * TOKEN, 12);
  }
  return rows;
}

// Elements of the same form have their parts at the same places: only the base64 has to be looked at.
function repeatRow(at: usize, rows: i32, bytesMax: i32): bool {
  const first = ROWS + <usize>(rows - 1) * ROW;
  // An ID with escapes in it is no part of such a run.
  if (load<i32>(first, 20) !== 0) return runTimes() === 0;
  const letters = <usize>(load<i32>(first, 12) - load<i32>(first, 8));
  const step = runBytes();
  for (let i = 1; i <= runTimes(); i++) {
    const row = first + <usize>i * ROW;
    const shift = i * step;
    const start = load<i32>(first, 8) + shift;
    const bytes = decodedBytes(at + <usize>start, letters);
    if (bytes < 1 || bytes > bytesMax) return false;
    keyBytes += bytes;
    store<i32>(row, load<i32>(first) + shift);
    store<i32>(row, load<i32>(first, 4) + shift, 4);
    store<i32>(row, start, 8);
    store<i32>(row, start + <i32>letters, 12);
    store<i32>(row, bytes, 16);
    store<i32>(row, 0, 20);
  }
  return true;
}

// The first member of each name counts.
function findKey(at: usize, element: i32, row: usize, bytesMax: i32): bool {
  const own = TOKENS + <usize>element * TOKEN;
  if (load<i32>(own) !== OBJECT) return false;
  const after = load<i32>(own, 12);
  let id = -1;
  let key = -1;
  for (let i = element + 1; i < after; ) {
    const name = TOKENS + <usize>i * TOKEN;
    const start = load<i32>(name, 4);
    const word = folded(at + <usize>start, <usize>(load<i32>(name, 8) - start));
    if (word === KEY_ID && id < 0) id = i + 1;
    else if (word === KEY && key < 0) key = i + 1;
    i = load<i32>(name + TOKEN, 12);
  }
  return id >= 0 && key >= 0 && writeRow(at, id, key, row, bytesMax);
}

function writeRow(at: usize, id: i32, key: i32, row: usize, bytesMax: i32): bool {
  const idToken = TOKENS + <usize>id * TOKEN;
  const keyToken = TOKENS + <usize>key * TOKEN;
  if ((load<i32>(idToken) & 0xff) !== STRING || (load<i32>(keyToken) & 0xff) !== STRING) return false;
  const start = load<i32>(keyToken, 4);
  const end = load<i32>(keyToken, 8);
  const keyEscaped = (load<i32>(keyToken) & ESCAPED) !== 0;
  const bytes = keyEscaped
    ? escapedBytes(at + <usize>start, <usize>(end - start))
    : decodedBytes(at + <usize>start, <usize>(end - start));
  if (bytes < 1 || bytes > bytesMax) return false;
  store<i32>(row, load<i32>(idToken, 4));
  store<i32>(row, load<i32>(idToken, 8), 4);
  store<i32>(row, start, 8);
  store<i32>(row, end, 12);
  store<i32>(row, bytes, 16);
  const idFlag = (load<i32>(idToken) & ESCAPED) !== 0 ? ID_ESCAPED : 0;
  const flags = idFlag | (keyEscaped ? KEY_ESCAPED : 0);
  store<i32>(row, flags, 20);
  keyBytes += bytes;
  keyFlags |= flags;
  const idBytes = load<i32>(idToken, 8) - load<i32>(idToken, 4);
  if (idBytes > ID_BYTES_SURE) keyFlags |= LONG_ID;
  return idBytes > 0;
}

// A key whose letters are nearly all written as escapes of six bytes is refused when it is long: nobody writes such.
function escapedBytes(at: usize, length: usize): i32 {
  if (length > TEXT - KEYS) return -1;
  memory.copy(KEYS, at, length);
  const bytes = decodedBytes(KEYS, unescapeLetters(KEYS, length));
  memory.fill(KEYS, 0, length);
  return bytes;
}

/** Takes the escapes out of all keys' letters, moving what stands behind them. Gives the length of what was `length` bytes, rows corrected. */
export function compactKeys(at: usize, length: i32, rows: i32): i32 {
  let shift = 0;
  for (let i = 0; i < rows; i++) {
    const row = ROWS + <usize>i * ROW;
    for (let field: usize = 0; field < 16; field += 4)
      store<i32>(row + field, load<i32>(row + field) - shift);
    const flags = load<i32>(row, 20);
    if ((flags & KEY_ESCAPED) === 0) continue;
    const start = at + <usize>load<i32>(row, 8);
    const before = load<i32>(row, 12) - load<i32>(row, 8);
    const letters = <i32>unescapeLetters(start, <usize>before);
    const tail = start + <usize>before;
    memory.copy(start + <usize>letters, tail, at + <usize>(length - shift) - tail);
    shift += before - letters;
    store<i32>(row, load<i32>(row, 8) + letters, 12);
    store<i32>(row, flags & ~KEY_ESCAPED, 20);
  }
  memory.fill(at + <usize>(length - shift), 0, <usize>shift);
  return length - shift;
}

/** XORs the keys region's bytes into the pad region's. */
export function mixPads(bytes: i32): void {
  for (let at: usize = 0; at < <usize>bytes; at += 16)
    v128.store(PAD + at, v128.xor(v128.load(PAD + at), v128.load(KEYS + at)));
}

/** Lays the pad region's bytes on all keys in order. */
export function coverKeys(at: usize, rows: i32): void {
  let pad = PAD;
  for (let i = 0; i < rows; i++) {
    const row = ROWS + <usize>i * ROW;
    const bytes = load<i32>(row, 16);
    xorLetters(at + <usize>load<i32>(row, 8), bytes, pad);
    pad += <usize>bytes;
  }
}

/** Takes the pad region's bytes off all keys and leaves what they are, one after the other, in the keys region. */
export function uncoverKeys(at: usize, rows: i32): void {
  let done: usize = 0;
  for (let i = 0; i < rows; i++) {
    const row = ROWS + <usize>i * ROW;
    const bytes = load<i32>(row, 16);
    decodeLetters(at + <usize>load<i32>(row, 8), bytes, PAD + done, KEYS + done);
    done += <usize>bytes;
  }
}

/** Whether the key IDs are UUIDs in lower case, each one more than the one before. */
export function consecutiveIds(at: usize, rows: i32): bool {
  for (let i = 0; i < rows; i++) {
    const row = ROWS + <usize>i * ROW;
    const start = load<i32>(row);
    const id = at + <usize>start;
    if ((load<i32>(row, 20) & ID_ESCAPED) !== 0 || load<i32>(row, 4) - start !== UUID_LETTERS) return false;
    if (i === 0) {
      if (!isUuid(id)) return false;
      memory.copy(TEXT, id, <usize>UUID_LETTERS);
    } else {
      nextUuid(TEXT);
      if (memory.compare(TEXT, id, <usize>UUID_LETTERS) !== 0) return false;
    }
  }
  return true;
}

const UUID_LETTERS: i32 = 36;

function isDash(i: usize): bool {
  return i === 8 || i === 13 || i === 18 || i === 23;
}

function isUuid(at: usize): bool {
  for (let i: usize = 0; i < <usize>UUID_LETTERS; i++) {
    const byte = load<u8>(at + i);
    const digit = (byte >= 0x30 && byte <= 0x39) || (byte >= 0x61 && byte <= 0x66);
    if (isDash(i) ? byte !== 0x2d : !digit) return false;
  }
  return true;
}

// Adds one to a UUID in letters; the last one becomes the first.
function nextUuid(at: usize): void {
  for (let i: usize = <usize>UUID_LETTERS; i-- > 0; ) {
    if (isDash(i)) continue;
    const digit = load<u8>(at + i);
    if (digit !== 0x66) {
      store<u8>(at + i, digit === 0x39 ? 0x61 : digit + 1);
      return;
    }
    store<u8>(at + i, 0x30);
  }
}

/**
 * Writes `count` elements of `keys` at `target`: of `bytes` key bytes each, out of the keys region, under consecutive UUIDs of which the first
 * stands at the text region's beginning. Behind it stands what comes before an ID, between it and the key, and behind the key. Fills the rows,
 * counted from `at`. Gives the offset from `at` of what follows.
 */
export function writeKeys(
  at: usize,
  target: usize,
  count: i32,
  bytes: i32,
  beforeBytes: usize,
  betweenBytes: usize,
  behindBytes: usize,
): i32 {
  const before = TEXT + <usize>UUID_LETTERS;
  let source = KEYS;
  for (let i = 0; i < count; i++) {
    const row = ROWS + <usize>i * ROW;
    if (i > 0) {
      store<u8>(target++, 0x2c);
      nextUuid(TEXT);
    }
    target = copyText(target, before, beforeBytes);
    store<i32>(row, <i32>(target - at));
    target = copyText(target, TEXT, <usize>UUID_LETTERS);
    store<i32>(row, <i32>(target - at), 4);
    target = copyText(target, before + beforeBytes, betweenBytes);
    store<i32>(row, <i32>(target - at), 8);
    target = encodeLetters(source, bytes, target);
    store<i32>(row, <i32>(target - at), 12);
    store<i32>(row, bytes, 16);
    store<i32>(row, 0, 20);
    target = copyText(target, before + beforeBytes + betweenBytes, behindBytes);
    source += <usize>bytes;
  }
  return <i32>(target - at);
}

function copyText(target: usize, source: usize, bytes: usize): usize {
  memory.copy(target, source, bytes);
  return target + bytes;
}
