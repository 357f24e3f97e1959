// Texts with escapes, letter by letter, for comparing names and for reading base64.

/** `key` and `keyid`, as `folded` gives them. */
export const KEY: u64 = 0x79656b;
export const KEY_ID: u64 = 0x64_6979_656b;

/** Bytes that the letter read last took. */
let taken: usize = 0;

/** The code point at `at` of a valid JSON string, its escapes resolved; `letterBytes` says how long it was. A pair of surrogate escapes is one. */
export function letterAt(at: usize): u32 {
  const first = <u32>load<u8>(at);
  if (first === 0x5c) return escaped(at);
  if (first < 0x80) return plain(first, 1);
  if (first < 0xe0) return plain(((first & 0x1f) << 6) | more(at, 1), 2);
  if (first < 0xf0) return plain(((first & 0x0f) << 12) | (more(at, 1) << 6) | more(at, 2), 3);
  return plain(((first & 0x07) << 18) | (more(at, 1) << 12) | (more(at, 2) << 6) | more(at, 3), 4);
}

export function letterBytes(): usize {
  return taken;
}

/** Whether two valid JSON strings stand for the same text. */
export function sameText(a: usize, aBytes: usize, b: usize, bBytes: usize): bool {
  const aEnd = a + aBytes;
  const bEnd = b + bBytes;
  while (a < aEnd && b < bEnd) {
    const letter = letterAt(a);
    a += taken;
    if (letterAt(b) !== letter) return false;
    b += taken;
  }
  return a === aEnd && b === bEnd;
}

/**
 * A member's name in lower case (ASCII letters only), without spaces, `_` and `-`, its letters one in a byte, the first in the lowest; all
 * bits set when it has more than 7 letters or others than ASCII.
 */
export function folded(at: usize, length: usize): u64 {
  // As we write them ourselves.
  if (length === 6 && load<u32>(at) === 0x5f79_656b && load<u16>(at, 4) === 0x4449) return KEY_ID;
  if (length === 3 && load<u16>(at) === 0x656b && load<u8>(at, 2) === 0x79) return KEY;
  const end = at + length;
  let name: u64 = 0;
  let letters: u64 = 0;
  while (at < end) {
    let letter = letterAt(at);
    at += taken;
    if (letter === 0x20 || letter === 0x5f || letter === 0x2d) continue;
    if (letter >= 0x41 && letter <= 0x5a) letter += 0x20;
    if (letter >= 0x80 || letters === 7) return u64.MAX_VALUE;
    name |= (<u64>letter) << (letters * 8);
    letters += 1;
  }
  return name;
}

function plain(letter: u32, bytes: usize): u32 {
  taken = bytes;
  return letter;
}

function more(at: usize, i: usize): u32 {
  return <u32>load<u8>(at + i) & 0x3f;
}

function escaped(at: usize): u32 {
  const letter = <u32>load<u8>(at, 1);
  switch (letter) {
    case 0x75: {
      const unit = hex4(at + 2);
      // A string ends with a quote, so that six bytes further on there is something to read.
      const pair = unit >> 10 === 0x36 && load<u8>(at, 6) === 0x5c && load<u8>(at, 7) === 0x75;
      const low = pair ? hex4(at + 8) : 0;
      if (low >> 10 !== 0x37) return plain(unit, 6);
      return plain(0x1_0000 + ((unit & 0x3ff) << 10) + (low & 0x3ff), 12);
    }
    case 0x62:
      return plain(0x08, 2);
    case 0x66:
      return plain(0x0c, 2);
    case 0x6e:
      return plain(0x0a, 2);
    case 0x72:
      return plain(0x0d, 2);
    case 0x74:
      return plain(0x09, 2);
    default:
      return plain(letter, 2);
  }
}

function hex4(at: usize): u32 {
  let unit: u32 = 0;
  for (let i: usize = 0; i < 4; i++) {
    const byte = <u32>load<u8>(at + i);
    unit = (unit << 4) | (byte <= 0x39 ? byte - 0x30 : (byte | 0x20) - 0x57);
  }
  return unit;
}
