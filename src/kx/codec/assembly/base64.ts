// RFC 4648 §4 base64 sixteen letters at a time. A letter is a group of six bits: pad is laid on letter by letter, and no key is decoded for it.
import { firstLanes } from './lanes';
import { letterAt, letterBytes } from './name';

const PAD_LETTER: u8 = 0x3d;

// By the low half of a letter: for which high halves it is one, a bit each. Letters lie in high halves 2 to 7.
function isLetters(letters: v128): v128 {
  const low = i8x16.swizzle(
    i8x16(-88, -8, -8, -8, -8, -8, -8, -8, -8, -8, -16, 84, 80, 80, 80, 84),
    v128.and(letters, i8x16.splat(15)),
  );
  const high = i8x16.swizzle(
    i8x16(1, 2, 4, 8, 16, 32, 64, -128, 0, 0, 0, 0, 0, 0, 0, 0),
    i8x16.shr_u(letters, 4),
  );
  return i8x16.ne(v128.and(low, high), i8x16.splat(0));
}

// What is to be added to a letter depends on its high half alone; but `/` shares one with `+`, and is looked up below it.
function toSextets(letters: v128): v128 {
  const half = i8x16.add(i8x16.shr_u(letters, 4), i8x16.eq(letters, i8x16.splat(0x2f)));
  return i8x16.add(
    letters,
    i8x16.swizzle(i8x16(0, 16, 19, 4, -65, -65, -71, -71, 0, 0, 0, 0, 0, 0, 0, 0), half),
  );
}

// Looked up by 13 for capitals, 0 for small letters, 1 to 10 for digits, 11 and 12 for `+` and `/`.
function toLetters(sextets: v128): v128 {
  const kind = v128.or(
    i8x16.sub_sat_u(sextets, i8x16.splat(51)),
    v128.and(i8x16.lt_u(sextets, i8x16.splat(26)), i8x16.splat(13)),
  );
  const shift = i8x16.swizzle(i8x16(71, -4, -4, -4, -4, -4, -4, -4, -4, -4, -4, -19, -16, 65, 0, 0), kind);
  return i8x16.add(sextets, shift);
}

// Twelve bytes, in the low lanes, as sixteen groups of six bits.
function bytesToSextets(bytes: v128): v128 {
  const lanes = i8x16.shuffle(bytes, bytes, 2, 1, 0, 15, 5, 4, 3, 15, 8, 7, 6, 15, 11, 10, 9, 15);
  const first = v128.and(i32x4.shr_u(lanes, 18), i32x4.splat(0x3f));
  const second = v128.and(i32x4.shr_u(lanes, 4), i32x4.splat(0x3f00));
  const third = v128.and(i32x4.shl(lanes, 10), i32x4.splat(0x3f_0000));
  const fourth = v128.and(i32x4.shl(lanes, 24), i32x4.splat(0x3f00_0000));
  return v128.or(v128.or(first, second), v128.or(third, fourth));
}

// The other way: twelve bytes in the low lanes.
function sextetsToBytes(sextets: v128): v128 {
  const first = v128.and(i32x4.shl(sextets, 18), i32x4.splat(0xfc_0000));
  const second = v128.and(i32x4.shl(sextets, 4), i32x4.splat(0x3_f000));
  const third = v128.and(i32x4.shr_u(sextets, 10), i32x4.splat(0xfc0));
  const fourth = i32x4.shr_u(sextets, 24);
  const lanes = v128.or(v128.or(first, second), v128.or(third, fourth));
  return i8x16.shuffle(lanes, lanes, 2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, 15, 15, 15, 15);
}

/** Bytes that `length` letters at `at` decode to, or -1 when they are not canonical base64. At least 16 readable bytes follow. */
export function decodedBytes(at: usize, length: usize): i32 {
  if (length === 0 || (length & 3) !== 0) return -1;
  const last = at + length - 1;
  const padding: usize = load<u8>(last) !== PAD_LETTER ? 0 : load<u8>(last - 1) !== PAD_LETTER ? 1 : 2;
  let left = length - padding;
  while (left >= 16) {
    if (!i8x16.all_true(isLetters(v128.load(at)))) return -1;
    at += 16;
    left -= 16;
  }
  const rest = v128.or(isLetters(v128.load(at)), v128.not(firstLanes(left)));
  if (!i8x16.all_true(rest)) return -1;
  if (padding !== 0 && (sextetOf(load<u8>(last - padding)) & (padding === 1 ? 3 : 15)) !== 0) return -1;
  return <i32>((length >> 2) * 3 - padding);
}

function sextetOf(letter: u8): i32 {
  return i8x16.extract_lane_u(toSextets(i8x16.splat(letter)), 0);
}

/** XORs `bytes` bytes of pad into the letters at `at`, in place. They were accepted by `decodedBytes`. */
export function xorLetters(at: usize, bytes: i32, pad: usize): void {
  let left = <usize>bytes;
  while (left >= 12) {
    const sextets = v128.xor(toSextets(v128.load(at)), bytesToSextets(v128.load(pad)));
    v128.store(at, toLetters(sextets));
    at += 16;
    pad += 12;
    left -= 12;
  }
  if (left === 0) return;
  // Lanes behind the last letter stay as they are; pad behind the last byte counts as zero.
  const letters = v128.load(at);
  const mask = v128.and(v128.load(pad), firstLanes(left));
  const sextets = v128.xor(toSextets(letters), bytesToSextets(mask));
  v128.store(at, v128.bitselect(toLetters(sextets), letters, firstLanes((left * 4 + 2) / 3)));
}

/** Decodes letters that stand for `bytes` bytes and takes `pad` off them. Writes up to 15 bytes more than that. */
export function decodeLetters(at: usize, bytes: i32, pad: usize, target: usize): void {
  for (let left = bytes; left > 0; left -= 12) {
    // The letters behind the last one, `=` and others, decode to zeros or to bytes that nobody looks at.
    const decoded = sextetsToBytes(toSextets(v128.load(at)));
    v128.store(target, v128.xor(decoded, v128.load(pad)));
    at += 16;
    pad += 12;
    target += 12;
  }
}

/** Writes `bytes` bytes as letters, padding included; gives what follows them. Writes up to 15 bytes more. */
export function encodeLetters(source: usize, bytes: i32, target: usize): usize {
  let left = <usize>bytes;
  for (; left >= 12; left -= 12) {
    v128.store(target, toLetters(bytesToSextets(v128.load(source))));
    source += 12;
    target += 16;
  }
  if (left === 0) return target;
  v128.store(target, toLetters(bytesToSextets(v128.and(v128.load(source), firstLanes(left)))));
  const letters = (left * 4 + 2) / 3;
  const whole = (letters + 3) & ~3;
  for (let i = letters; i < whole; i++) store<u8>(target + i, PAD_LETTER);
  return target + whole;
}

/** Replaces letters that have escapes among them by the letters that they stand for; gives how many those are. */
export function unescapeLetters(at: usize, length: usize): usize {
  const end = at + length;
  const start = at;
  let target = at;
  while (at < end) {
    const letter = letterAt(at);
    at += letterBytes();
    // What is no ASCII letter is no base64 either.
    store<u8>(target, letter < 0x80 ? <u8>letter : 0);
    target += 1;
  }
  return target - start;
}
