// The keys of a key relay message (Q.4163 Table 1): where they stand, and what is done with all of them at once.
import { decodedBytes, decodeLetters, encodeLetters, unescapeLetters, xorLetters } from './base64';
import { KEYS, PAD, ROW, ROWS, ROWS_MAX, TEXT, TOKEN, TOKENS } from './layout';
import { folded } from './name';

const OBJECT: i32 = 0;
const ARRAY: i32 = 1;
const STRING: i32 = 2;
const ESCAPED: i32 = 1 << 8;
const KEY: u64 = 0x79656b;
const KEY_ID: u64 = 0x64_6979_656b;

// Flags of a row.
const ID_ESCAPED: i32 = 1;
const KEY_ESCAPED: i32 = 2;

/**
 * Fills the rows from the array whose token is `token` in the payload at `at`. Gives how many keys there are; -1 when an element is no key or
 * there are too many.
 */
export function findKeys(at: usize, token: i32, bytesMax: i32): i32 {
  const own = TOKENS + <usize>token * TOKEN;
  if (load<i32>(own) !== ARRAY) return -1;
  const after = load<i32>(own, 12);
  let rows = 0;
  for (let i = token + 1; i < after; ) {
    if (rows === ROWS_MAX) return -1;
    if (!findKey(at, i, ROWS + <usize>rows * ROW, bytesMax)) return -1;
    rows += 1;
    i = load<i32>(TOKENS + <usize>i * TOKEN, 12);
  }
  return rows;
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
  store<i32>(row, idFlag | (keyEscaped ? KEY_ESCAPED : 0), 20);
  return true;
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
  return length - shift;
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
  let expectedHigh: u64 = 0;
  let expectedLow: u64 = 0;
  for (let i = 0; i < rows; i++) {
    const row = ROWS + <usize>i * ROW;
    const start = load<i32>(row);
    if ((load<i32>(row, 20) & ID_ESCAPED) !== 0 || load<i32>(row, 4) - start !== 36) return false;
    if (!readUuid(at + <usize>start)) return false;
    if (i > 0 && (high !== expectedHigh || low !== expectedLow)) return false;
    expectedLow = low + 1;
    expectedHigh = expectedLow === 0 ? high + 1 : high;
  }
  return true;
}

let high: u64 = 0;
let low: u64 = 0;

function readUuid(at: usize): bool {
  high = 0;
  low = 0;
  let digits = 0;
  for (let i: usize = 0; i < 36; i++) {
    const byte = load<u8>(at + i);
    if (i === 8 || i === 13 || i === 18 || i === 23) {
      if (byte !== 0x2d) return false;
      continue;
    }
    const digit = byte <= 0x39 ? byte - 0x30 : byte >= 0x61 && byte <= 0x66 ? byte - 0x57 : 16;
    if (digit > 15) return false;
    if (digits < 16) high = (high << 4) | <u64>digit;
    else low = (low << 4) | <u64>digit;
    digits += 1;
  }
  return true;
}

/**
 * Writes `count` elements of `keys` at `target`: of `bytes` key bytes each, out of the keys region, under consecutive UUIDs of which the first
 * is `firstHigh` and `firstLow`. The text region holds what stands before an ID, between it and the key, and behind the key. Fills the
 * rows, counted from `at`. Gives the offset from `at` of what follows.
 */
export function writeKeys(
  at: usize,
  target: usize,
  count: i32,
  bytes: i32,
  firstHigh: u64,
  firstLow: u64,
  beforeBytes: usize,
  betweenBytes: usize,
  behindBytes: usize,
): i32 {
  let source = KEYS;
  high = firstHigh;
  low = firstLow;
  for (let i = 0; i < count; i++) {
    const row = ROWS + <usize>i * ROW;
    if (i > 0) store<u8>(target++, 0x2c);
    target = copyText(target, TEXT, beforeBytes);
    store<i32>(row, <i32>(target - at));
    target = writeUuid(target);
    store<i32>(row, <i32>(target - at), 4);
    target = copyText(target, TEXT + beforeBytes, betweenBytes);
    store<i32>(row, <i32>(target - at), 8);
    target = encodeLetters(source, bytes, target);
    store<i32>(row, <i32>(target - at), 12);
    store<i32>(row, bytes, 16);
    store<i32>(row, 0, 20);
    target = copyText(target, TEXT + beforeBytes + betweenBytes, behindBytes);
    source += <usize>bytes;
    low += 1;
    if (low === 0) high += 1;
  }
  return <i32>(target - at);
}

function copyText(target: usize, source: usize, bytes: usize): usize {
  memory.copy(target, source, bytes);
  return target + bytes;
}

function writeUuid(target: usize): usize {
  for (let digit = 0; digit < 32; digit++) {
    if (digit === 8 || digit === 12 || digit === 16 || digit === 20) store<u8>(target++, 0x2d);
    const half = digit < 16 ? high : low;
    const value = <u8>((half >> <u64>((15 - (digit & 15)) * 4)) & 15);
    store<u8>(target++, value < 10 ? value + 0x30 : value + 0x57);
  }
  return target;
}
