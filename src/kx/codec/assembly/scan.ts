// RFC 8259 as byte ranges: what is read is checked whole, and nothing of it becomes a value here.

import { DEPTH_MAX, MEMBERS_MAX, TOKEN, TOKENS, TOKENS_MAX } from './layout';
import { sameText } from './name';
import { follow, forget, learn, repeatTokens, resetRun } from './run';
import { ARRAY, ESCAPED, FALSE, NULL, NUMBER, OBJECT, STRING, TRUE } from './token';

// Faults. The host knows them by these numbers.
const SYNTAX: i32 = 1;
const TOO_DEEP: i32 = 2;
const TOO_MANY_VALUES: i32 = 3;
const DUPLICATE_MEMBER: i32 = 4;
const NOT_AN_OBJECT: i32 = 5;

const NUMBER_CHARS_MAX: usize = 63;

const QUOTE: i8 = 0x22;
const BACKSLASH: i8 = 0x5c;

let base: usize = 0;
let end: usize = 0;
let cursor: usize = 0;
let count: i32 = 0;
let fault: i32 = 0;

/** Scans one object of `length` bytes at `at` into the token table. Gives the number of tokens, or a fault as a negative number. */
export function scan(at: usize, length: i32): i32 {
  base = at;
  end = at + <usize>length;
  cursor = at;
  count = 0;
  fault = 0;
  resetRun();
  space();
  if (peek() !== 0x7b) return -NOT_AN_OBJECT;
  const whole = value(0);
  forget();
  if (!whole) return -fault;
  space();
  return cursor === end ? count : -SYNTAX;
}

/** Offset at which the last scan ended, or found its fault. */
export function scannedTo(): i32 {
  return <i32>(cursor - base);
}

function peek(): i32 {
  return cursor < end ? <i32>load<u8>(cursor) : -1;
}

function stop(reason: i32): bool {
  fault = reason;
  return false;
}

function space(): void {
  while (cursor < end) {
    const byte = load<u8>(cursor);
    if (byte > 0x20 || (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09)) return;
    cursor += 1;
  }
}

// Takes one byte and the space behind it.
function expect(byte: i32): bool {
  if (peek() !== byte) return stop(SYNTAX);
  cursor += 1;
  space();
  return true;
}

function value(depth: i32): bool {
  switch (peek()) {
    case 0x22:
      return text();
    case 0x7b:
      return object(depth);
    case 0x5b:
      return array(depth);
    case 0x74:
      return word(TRUE, 0x65757274, 4);
    case 0x66:
      return word(FALSE, 0x736c6166, 5);
    case 0x6e:
      return word(NULL, 0x6c6c756e, 4);
    default:
      return number();
  }
}

function push(kind: i32, from: usize, to: usize): bool {
  if (count >= TOKENS_MAX) return stop(TOO_MANY_VALUES);
  const at = TOKENS + <usize>count * TOKEN;
  count += 1;
  store<i32>(at, kind);
  store<i32>(at, <i32>(from - base), 4);
  store<i32>(at, <i32>(to - base), 8);
  store<i32>(at, count, 12);
  return true;
}

function open(kind: i32, depth: i32): bool {
  if (depth >= DEPTH_MAX) return stop(TOO_DEEP);
  if (!push(kind, cursor, cursor)) return false;
  cursor += 1;
  space();
  return true;
}

function close(token: i32): bool {
  cursor += 1;
  const at = TOKENS + <usize>token * TOKEN;
  store<i32>(at, <i32>(cursor - base), 8);
  store<i32>(at, count, 12);
  return true;
}

function object(depth: i32): bool {
  const own = count;
  if (!open(OBJECT, depth)) return false;
  if (peek() === 0x7d) return close(own);
  let members = 0;
  while (true) {
    const name = count;
    if (peek() !== QUOTE) return stop(SYNTAX);
    if (!text()) return false;
    if (known(own, name)) return stop(DUPLICATE_MEMBER);
    members += 1;
    if (members > MEMBERS_MAX) return stop(TOO_MANY_VALUES);
    space();
    if (!expect(0x3a) || !value(depth + 1)) return false;
    space();
    if (peek() === 0x7d) return close(own);
    if (!expect(0x2c)) return false;
  }
}

function array(depth: i32): bool {
  const own = count;
  if (!open(ARRAY, depth)) return false;
  if (peek() === 0x5d) return close(own);
  while (true) {
    const element = count;
    const start = cursor;
    if (!value(depth + 1)) return false;
    if (peek() === 0x2c && !repeats(element, start)) return stop(TOO_MANY_VALUES);
    space();
    if (peek() === 0x5d) return close(own);
    if (!expect(0x2c)) return false;
  }
}

// Takes all elements that follow the one just read and are of the same form; false when those are more values than may be.
function repeats(element: i32, start: usize): bool {
  const bytes = cursor - start;
  if (load<i32>(TOKENS + <usize>element * TOKEN) !== OBJECT || !learn(base, element, count, start, bytes))
    return true;
  const tokens = count - element;
  const times = follow(cursor, end);
  if (count + times * tokens > TOKENS_MAX) return false;
  repeatTokens(element, tokens, times, <i32>(bytes + 1));
  count += times * tokens;
  cursor += <usize>times * (bytes + 1);
  return true;
}

// Whether a member before this one has the same name.
function known(object: i32, name: i32): bool {
  const newer = TOKENS + <usize>name * TOKEN;
  for (let i = object + 1; i < name; ) {
    const older = TOKENS + <usize>i * TOKEN;
    if (sameName(older, newer)) return true;
    i = load<i32>(older + TOKEN, 12);
  }
  return false;
}

function sameName(a: usize, b: usize): bool {
  const plain = ((load<i32>(a) | load<i32>(b)) & ESCAPED) === 0;
  const from = base + <usize>load<i32>(a, 4);
  const other = base + <usize>load<i32>(b, 4);
  const length = <usize>(load<i32>(a, 8) - load<i32>(a, 4));
  const otherLength = <usize>(load<i32>(b, 8) - load<i32>(b, 4));
  if (!plain) return sameText(from, length, other, otherLength);
  return length === otherLength && memory.compare(from, other, length) === 0;
}

function text(): bool {
  const start = cursor + 1;
  let at = start;
  let escaped = 0;
  for (;;) {
    at = plainEnd(at);
    const byte = at < end ? <i32>load<u8>(at) : -1;
    if (byte === QUOTE) break;
    if (byte !== BACKSLASH) return stop(SYNTAX);
    escaped = ESCAPED;
    at = afterEscape(at);
    if (at === 0) return stop(SYNTAX);
  }
  cursor = at + 1;
  return push(STRING | escaped, start, at);
}

// The first byte from `at` on that ends a run of ordinary letters: a quote, a backslash, a control character; or the end.
function plainEnd(at: usize): usize {
  while (at + 16 <= end) {
    const bytes = v128.load(at);
    const ends = v128.or(
      v128.or(i8x16.eq(bytes, i8x16.splat(QUOTE)), i8x16.eq(bytes, i8x16.splat(BACKSLASH))),
      i8x16.lt_u(bytes, i8x16.splat(0x20)),
    );
    const mask = i8x16.bitmask(ends);
    if (mask !== 0) return at + <usize>ctz(mask);
    at += 16;
  }
  while (at < end) {
    const byte = <i32>load<u8>(at);
    if (byte === QUOTE || byte === BACKSLASH || byte < 0x20) return at;
    at += 1;
  }
  return end;
}

// Where the text goes on behind the escape at `at`; 0 when it is none.
function afterEscape(at: usize): usize {
  if (at + 1 >= end) return 0;
  switch (load<u8>(at, 1)) {
    case 0x22:
    case 0x5c:
    case 0x2f:
    case 0x62:
    case 0x66:
    case 0x6e:
    case 0x72:
    case 0x74:
      return at + 2;
    case 0x75: {
      if (at + 6 > end) return 0;
      for (let i: usize = 2; i < 6; i++) if (!isHex(load<u8>(at + i))) return 0;
      return at + 6;
    }
    default:
      return 0;
  }
}

function isHex(byte: u8): bool {
  const lower = byte | 0x20;
  return (byte >= 0x30 && byte <= 0x39) || (lower >= 0x61 && lower <= 0x66);
}

function number(): bool {
  const start = cursor;
  if (peek() === 0x2d) cursor += 1;
  if (peek() === 0x30) cursor += 1;
  else if (!digits()) return stop(SYNTAX);
  if (peek() === 0x2e) {
    cursor += 1;
    if (!digits()) return stop(SYNTAX);
  }
  if ((peek() | 0x20) === 0x65) {
    cursor += 1;
    if (peek() === 0x2b || peek() === 0x2d) cursor += 1;
    if (!digits()) return stop(SYNTAX);
  }
  return cursor - start > NUMBER_CHARS_MAX ? stop(SYNTAX) : push(NUMBER, start, cursor);
}

function digits(): bool {
  const start = cursor;
  while (cursor < end && <u32>(<i32>load<u8>(cursor) - 0x30) < 10) cursor += 1;
  return cursor > start;
}

// `first` is the word's first four letters, little end first.
function word(kind: i32, first: i32, length: usize): bool {
  if (cursor + length > end || load<i32>(cursor) !== first) return stop(SYNTAX);
  if (length === 5 && load<u8>(cursor, 4) !== 0x65) return stop(SYNTAX);
  const start = cursor;
  cursor += length;
  return push(kind, start, cursor);
}
