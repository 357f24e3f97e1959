// Runs of array elements of the same form. The keys of a message are mostly such: as long as the first one, with the same names, numbers and
// punctuation at the same places, and other letters in their strings alone. What follows the first is then compared, not read anew.
import { firstLanes } from './lanes';
import { FORM, FORM_MAX, MASK, TOKEN, TOKENS } from './layout';
import { ESCAPED, STRING } from './token';

const COMMA: u8 = 0x2c;

/** Bytes of the form that was learnt, the comma before it included. */
let formBytes: usize = 0;
let longestForm: usize = 0;

// The longest run of the scan.
let longestFirst: i32 = -1;
let longestTimes: i32 = 0;
let longestTokens: i32 = 0;
let longestBytes: i32 = 0;

/** First token of the element that begins the run; -1 when there is none. */
export function runFirst(): i32 {
  return longestFirst;
}
/** How many elements follow it. */
export function runTimes(): i32 {
  return longestTimes;
}
/** Tokens of one of them. */
export function runTokens(): i32 {
  return longestTokens;
}
/** Bytes from one to the next. */
export function runBytes(): i32 {
  return longestBytes;
}

export function resetRun(): void {
  longestFirst = -1;
  longestTimes = 0;
}

/** Wipes the form that was learnt: key may lie in it. */
export function forget(): void {
  memory.fill(FORM, 0, longestForm);
  longestForm = 0;
}

/** Learns the form of the element with tokens `first` to `after` - 1, whose `bytes` bytes are at `start`. False when it has none to follow. */
export function learn(base: usize, first: i32, after: i32, start: usize, bytes: usize): bool {
  if (bytes >= FORM_MAX) return false;
  formBytes = bytes + 1;
  if (formBytes > longestForm) longestForm = formBytes;
  store<u8>(FORM, COMMA);
  memory.copy(FORM + 1, start, bytes);
  memory.fill(MASK, 0xff, formBytes);
  // Behind the end nothing counts: letters that pass for ordinary ones, of which none is compared.
  memory.fill(MASK + formBytes, 0, 16);
  let name = first + 1;
  // Only members that are strings and not names may differ; in what is nested, nothing.
  while (name < after) {
    const value = TOKENS + <usize>(name + 1) * TOKEN;
    const kind = load<i32>(value);
    if ((kind & ESCAPED) !== 0) return false;
    const from = base + <usize>load<i32>(value, 4);
    if (kind === STRING)
      memory.fill(MASK + 1 + (from - start), 0, <usize>(load<i32>(value, 8) - load<i32>(value, 4)));
    name = load<i32>(value, 12);
  }
  return true;
}

/** How many elements of the learnt form follow one another at `at`, before `end`. */
export function follow(at: usize, end: usize): i32 {
  let times = 0;
  while (at + formBytes + 16 <= end && isSame(at)) {
    at += formBytes;
    times += 1;
  }
  return times;
}

function isSame(at: usize): bool {
  for (let i: usize = 0; i < formBytes; i += 16) {
    const bytes = v128.load(at + i);
    const mask = v128.load(MASK + i);
    const differs = v128.and(v128.xor(bytes, v128.load(FORM + i)), mask);
    const special = v128.or(
      v128.or(i8x16.eq(bytes, i8x16.splat(0x22)), i8x16.eq(bytes, i8x16.splat(0x5c))),
      i8x16.lt_u(bytes, i8x16.splat(0x20)),
    );
    const counted = i + 16 <= formBytes ? special : v128.and(special, firstLanes(formBytes - i));
    if (v128.any_true(v128.or(differs, v128.andnot(counted, mask)))) return false;
  }
  return true;
}

/** Writes the tokens of `times` elements that follow the one whose `tokens` tokens begin at `first`, each `bytes` bytes behind the one before. */
export function repeatTokens(first: i32, tokens: i32, times: i32, bytes: i32): void {
  if (times > longestTimes) {
    longestFirst = first;
    longestTimes = times;
    longestTokens = tokens;
    longestBytes = bytes;
  }
  const step = i32x4(0, bytes, bytes, tokens);
  const from = TOKENS + <usize>first * TOKEN;
  const distance = <usize>tokens * TOKEN;
  const end = from + distance * <usize>times;
  for (let at = from; at < end; at += TOKEN) v128.store(at + distance, i32x4.add(v128.load(at), step));
}
