import { AgentError } from '../../errors.ts';

const NEWLINE = 0x0a;
const SPACE = 0x20;
const COLON = 0x3a;
const BAR = 0x7c;

/**
 * Reads hexadecimal text: digits with or without white space, `:`, `,` or `0x` between them, or what xxd, `hexdump -C` and tshark print, with
 * offsets before and letters behind. Byte by byte: what is read may be key, which never becomes a string.
 * @returns a buffer of the caller's own
 * @throws AgentError `decode.not_hex` with the line
 */
export function readHexText(text: Buffer): Buffer {
  const reader = new HexReader(text);
  for (let start = 0; start < text.length; ) {
    const newline = text.indexOf(NEWLINE, start);
    const end = newline < 0 ? text.length : newline;
    reader.line(start, end);
    start = end + 1;
  }
  return reader.done();
}

class HexReader {
  readonly #text: Buffer;
  readonly #bytes: Buffer;
  #digits = 0;
  #line = 0;
  #bareOffsets = false;

  constructor(text: Buffer) {
    this.#text = text;
    this.#bytes = Buffer.alloc(text.length >> 1);
  }

  line(from: number, to: number): void {
    this.#line += 1;
    while (from < to && this.#text[from]! <= SPACE) from += 1;
    if (from === to) return;
    const offset = this.#offset(from, to);
    if (offset === undefined) return this.#take(from, to);
    if (offset.value * 2 !== this.#digits) this.#refuse('its offset does not follow the line before');
    this.#take(offset.after, this.#lettersAt(offset.after, to, offset.colon));
  }

  done(): Buffer {
    if (this.#digits % 2 === 1) this.#refuse('a digit is missing at the end');
    return this.#bytes.subarray(0, this.#digits / 2);
  }

  // `00000010: ` as xxd has it, or `0010  `: the latter only in a text whose first line has the offset 0.
  #offset(from: number, to: number): { value: number; after: number; colon: boolean } | undefined {
    let value = 0;
    let at = from;
    for (; at < to && at - from < 8; at++) {
      const digit = digitOf(this.#text[at]!);
      if (digit < 0) break;
      value = value * 16 + digit;
    }
    if (at - from < 4) return undefined;
    if (this.#text[at] === COLON && (at + 1 === to || this.#text[at + 1] === SPACE))
      return { value, after: at + 1, colon: true };
    const spaced = this.#text[at] === SPACE && this.#text[at + 1] === SPACE && at + 1 < to;
    if (this.#digits === 0 && spaced && value === 0) this.#bareOffsets = true;
    // The last line of `hexdump -C` is an offset and nothing else.
    const alone = at === to || this.#text[at] === 0x0d;
    return this.#bareOffsets && (spaced || alone) ? { value, after: at, colon: false } : undefined;
  }

  // Where the printed letters begin: behind a bar, or behind more spaces than ever stand between digits.
  #lettersAt(from: number, to: number, colon: boolean): number {
    const gap = colon ? 2 : 3;
    let spaces = 0;
    let seen = false;
    for (let at = from; at < to; at++) {
      if (this.#text[at] === BAR) return at;
      if (this.#text[at] !== SPACE) {
        seen = true;
        spaces = 0;
      } else if (++spaces >= gap && seen) return at;
    }
    return to;
  }

  #take(from: number, to: number): void {
    for (let at = from; at < to; at++) {
      const byte = this.#text[at]!;
      if (byte <= SPACE || byte === COLON || byte === 0x2c) continue;
      if (byte === 0x30 && (this.#text[at + 1]! | 0x20) === 0x78) {
        at += 1;
        continue;
      }
      const digit = digitOf(byte);
      if (digit < 0) this.#refuse('it has something else than hexadecimal digits');
      const target = this.#digits >> 1;
      this.#bytes[target] = (this.#bytes[target]! << 4) | digit;
      this.#digits += 1;
    }
  }

  #refuse(why: string): never {
    throw new AgentError('decode.not_hex', `line ${this.#line} is no hexadecimal text: ${why}`, {
      fault: 'application',
      remedy: 'Give digits alone, or what xxd or hexdump -C prints; a binary capture needs no conversion.',
    });
  }
}

function digitOf(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
