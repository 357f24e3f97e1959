import { limits } from '../../src/limits.ts';

const NEWLINE = 0x0a;
const MINUTE_MS = 60_000;

/**
 * Makes log lines of what a program writes to stderr: printable, short, and so many in a minute. Long runs of letters that
 * could be key in hexadecimal or base64 are left out: a program has no business writing key there, but one may.
 */
export class LogLines {
  readonly #say: (text: string) => void;
  readonly #line = Buffer.alloc(limits.programLineBytesMax);
  #length = 0;
  #minuteMs = Number.NEGATIVE_INFINITY;
  #said = 0;

  constructor(say: (text: string) => void) {
    this.#say = say;
  }

  /** Reads and wipes `chunk`. What is longer than a line may be is cut. @param nowMs monotonic */
  push(chunk: Buffer, nowMs: number): void {
    for (const byte of chunk) {
      if (byte === NEWLINE) this.#end(nowMs);
      else if (this.#length < this.#line.length) this.#line[this.#length++] = byte;
    }
    chunk.fill(0);
  }

  #end(nowMs: number): void {
    const text = harmless(this.#line.subarray(0, this.#length));
    this.#line.fill(0, 0, this.#length);
    this.#length = 0;
    if (text === '') return;
    if (nowMs - this.#minuteMs >= MINUTE_MS) {
      this.#minuteMs = nowMs;
      this.#said = 0;
    }
    this.#said += 1;
    if (this.#said <= limits.programLinesPerMinuteMax) this.#say(text);
    else if (this.#said === limits.programLinesPerMinuteMax + 1)
      this.#say('it says more than is written down; the rest of this minute is left out');
  }
}

const LETTERS_MIN = 24;

// Decides on bytes, so that what is left out never becomes a string.
function harmless(line: Buffer): string {
  let out = '';
  for (let from = 0; from < line.length; ) {
    let to = from;
    while (to < line.length && couldBeKey(line[to]!)) to += 1;
    if (digitsFrom(line, from) >= LETTERS_MIN) return `${out}[left out]`.trim();
    if (to - from >= LETTERS_MIN) out += '[left out]';
    else out += line.toString('latin1', from, to);
    if (to < line.length) out += line[to]! >= 0x20 && line[to]! < 0x7f ? String.fromCharCode(line[to]!) : '?';
    from = to + 1;
  }
  return out.trim();
}

/** Bytes of a dump: hexadecimal digits in groups, with little between them. */
const GROUP_DIGITS_MAX = 8;
const GAP_MAX = 2;

/** How many digits of a dump begin here; what stands after one may be the same bytes as letters. */
function digitsFrom(line: Buffer, from: number): number {
  let digits = 0;
  for (let at = from; at < line.length; ) {
    // `0x3a`, or `\x3a`.
    if (line[at] === 0x30 && isX(line[at + 1])) at += 2;
    else if (isX(line[at])) at += 1;
    let end = at;
    while (end < line.length && isHexDigit(line[end]!)) end += 1;
    if (end === at || end - at > GROUP_DIGITS_MAX) break;
    digits += end - at;
    for (at = end; at < line.length && at - end < GAP_MAX && isGap(line[at]!); ) at += 1;
    if (at === end) break;
  }
  return digits;
}

function isHexDigit(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66);
}

function isX(byte: number | undefined): boolean {
  return byte === 0x78 || byte === 0x58;
}

/** A space, a comma, a tab or a backslash. */
function isGap(byte: number): boolean {
  return byte === 0x20 || byte === 0x2c || byte === 0x09 || byte === 0x5c;
}

/** A letter, a digit, or one of `+ / = : _ -`. */
function couldBeKey(byte: number): boolean {
  const letter = byte | 0x20;
  if (letter >= 0x61 && letter <= 0x7a) return true;
  return (
    (byte >= 0x30 && byte <= 0x3a) ||
    byte === 0x2b ||
    byte === 0x2f ||
    byte === 0x3d ||
    byte === 0x5f ||
    byte === 0x2d
  );
}
