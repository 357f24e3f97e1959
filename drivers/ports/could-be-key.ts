/** Tells what could be key in a line of text: runs and groups of hexadecimal digits, and of base64's letters. */

/** A run of letters, digits and `+ / = : _ -` of such a length is left out, whatever it is. */
export const LETTERS_MIN = 24;
/** Digits of a hexadecimal group that stands alone: 64 bits are left out. */
const GROUP_DIGITS_MAX = 15;
/** Of decimal digits so many may be a serial number, or a time in nanoseconds. */
const DECIMAL_DIGITS_MAX = 19;
/** Letters of a group of base64; what is shorter is a word. */
const GROUP_LETTERS_MIN = 8;
/** So many letters of random base64 have three changes of kind; words and names have less. */
const LETTERS_A_CHANGE = 6;
const GAP_MAX = 2;

/** Where a dump in groups begins in the run of `line` from `from` to `to`: all from there on is to be left out. Undefined if it does not. */
export function dumpIn(line: Buffer, from: number, to: number): number | undefined {
  for (let at = from; at < to; at++) {
    if (at > from && isLetterOrDigit(line[at - 1])) continue;
    if (digitsFrom(line, at) >= LETTERS_MIN || isBase64From(line, at)) return at;
  }
  return undefined;
}

/** Whether the run of `line` from `from` to `to` could be key by itself. */
export function isLong(line: Buffer, from: number, to: number): boolean {
  if (to - from >= LETTERS_MIN) return true;
  for (let at = from; at < to; ) {
    const { end, decimal } = digits(line, at, to);
    if (end - at > (decimal ? DECIMAL_DIGITS_MAX : GROUP_DIGITS_MAX)) return true;
    at = end + 1;
  }
  return false;
}

/** How many digits begin here in groups, two or more; what stands after a dump may be the same bytes as letters. */
function digitsFrom(line: Buffer, from: number): number {
  let count = 0;
  let groups = 0;
  for (let at = from; at < line.length; groups++) {
    // `0x3a`, or `\x3a`.
    if (line[at] === 0x30 && isX(line[at + 1])) at += 2;
    else if (isX(line[at])) at += 1;
    const { end } = digits(line, at, line.length);
    if (end === at || isLetterOrDigit(line[end])) break;
    count += end - at;
    at = afterGap(line, end);
    if (at === end) {
      groups += 1;
      break;
    }
  }
  return groups > 1 ? count : 0;
}

/**
 * Whether groups of base64 begin here that are no words: what is random changes between small letters, capitals and digits
 * all the time.
 */
function isBase64From(line: Buffer, from: number): boolean {
  let letters = 0;
  let changes = 0;
  for (let at = from; at < line.length; ) {
    let end = at;
    for (; end < line.length && isBase64(line[end]!); end++)
      if (end > at && isChange(line[end - 1]!, line[end]!)) changes += 1;
    if (end - at < GROUP_LETTERS_MIN) break;
    letters += end - at;
    if (at > from && letters >= LETTERS_MIN && changes * LETTERS_A_CHANGE >= letters) return true;
    at = afterGap(line, end);
    if (at === end) break;
  }
  return false;
}

function digits(line: Buffer, from: number, to: number): { readonly end: number; readonly decimal: boolean } {
  let end = from;
  let decimal = true;
  for (; end < to && isHexDigit(line[end]!); end++) decimal &&= isDecimal(line[end]!);
  return { end, decimal };
}

function afterGap(line: Buffer, end: number): number {
  let at = end;
  while (at < line.length && at - end < GAP_MAX && isGap(line[at]!)) at += 1;
  return at;
}

/** From a letter to a digit or back, or to a capital after a small letter; a small letter after a capital is a word. */
function isChange(before: number, byte: number): boolean {
  if (!isLetterOrDigit(before) || !isLetterOrDigit(byte)) return false;
  return isDecimal(before) !== isDecimal(byte) || (isSmall(before) && isCapital(byte));
}

function isDecimal(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

function isSmall(byte: number): boolean {
  return byte >= 0x61 && byte <= 0x7a;
}

function isCapital(byte: number): boolean {
  return byte >= 0x41 && byte <= 0x5a;
}

function isLetterOrDigit(byte = 0): boolean {
  return isDecimal(byte) || isSmall(byte) || isCapital(byte);
}

function isHexDigit(byte: number): boolean {
  return isDecimal(byte) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66);
}

function isX(byte: number | undefined): boolean {
  return byte === 0x78 || byte === 0x58;
}

/** A space, a comma, a tab or a backslash. */
function isGap(byte: number): boolean {
  return byte === 0x20 || byte === 0x2c || byte === 0x09 || byte === 0x5c;
}

/** A letter, a digit, or one of `+ / = _ -`. */
function isBase64(byte: number): boolean {
  if (isLetterOrDigit(byte)) return true;
  return byte === 0x2b || byte === 0x2f || byte === 0x3d || byte === 0x5f || byte === 0x2d;
}

/** A letter, a digit, or one of `+ / = : _ -`. */
export function couldBeKey(byte: number): boolean {
  return isBase64(byte) || byte === 0x3a;
}
