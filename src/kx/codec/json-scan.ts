import { isUtf8 } from 'node:buffer';
import { limits } from '../../limits.ts';

/** What a token is. Objects hold alternating member name and value; `after` is the token behind the whole value. */
export type TokenKind = 'object' | 'array' | 'string' | 'number' | 'true' | 'false' | 'null';

export type Token = {
  readonly kind: TokenKind;
  /** Byte range in the payload; for strings of what stands between the quotes. */
  readonly start: number;
  end: number;
  /** Index of the token after this value and all it holds. */
  after: number;
  /** For strings: whether a backslash stands in it. */
  readonly escaped: boolean;
  /** For the names of members: their text. */
  name: string | undefined;
};

export type JsonFault =
  | 'not-utf8'
  | 'syntax'
  | 'too-deep'
  | 'too-many-values'
  | 'duplicate-member'
  | 'not-an-object';

export type Scan = { readonly tokens: readonly Token[] } | { readonly fault: JsonFault; readonly at: number };

/**
 * Reads one JSON object (RFC 8259) as byte ranges, so that key in it never becomes a JS value. Strict: valid UTF-8, no
 * duplicate members, nothing after the object, bounded depth and count.
 */
export function scanJson(bytes: Buffer): Scan {
  if (!isUtf8(bytes)) return { fault: 'not-utf8', at: 0 };
  const scanner = new Scanner(bytes);
  try {
    scanner.document();
    return { tokens: scanner.tokens };
  } catch (thrown) {
    if (thrown instanceof Stop) return { fault: thrown.fault, at: scanner.at };
    throw thrown;
  }
}

class Stop {
  readonly fault: JsonFault;
  constructor(fault: JsonFault) {
    this.fault = fault;
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const NUMBER_CHARS_MAX = 64;

class Scanner {
  readonly tokens: Token[] = [];
  at = 0;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  document(): void {
    this.#space();
    if (this.#bytes[this.at] !== 0x7b) throw new Stop('not-an-object');
    this.#value(0);
    this.#space();
    if (this.at !== this.#bytes.length) throw new Stop('syntax');
  }

  #value(depth: number): void {
    switch (this.#bytes[this.at]) {
      case 0x7b:
        return this.#object(depth);
      case 0x5b:
        return this.#array(depth);
      case QUOTE:
        this.#string();
        return;
      case 0x74:
        return this.#word('true');
      case 0x66:
        return this.#word('false');
      case 0x6e:
        return this.#word('null');
      default:
        return this.#number();
    }
  }

  #open(kind: 'object' | 'array', depth: number): Token {
    if (depth >= limits.jsonDepthMax) throw new Stop('too-deep');
    const token = this.#push(kind, this.at, 0, false);
    this.at += 1;
    this.#space();
    return token;
  }

  #close(token: Token): void {
    this.at += 1;
    token.end = this.at;
    token.after = this.tokens.length;
  }

  #object(depth: number): void {
    const token = this.#open('object', depth);
    const names: string[] = [];
    if (this.#bytes[this.at] === 0x7d) return this.#close(token);
    for (;;) {
      if (this.#bytes[this.at] !== QUOTE) throw new Stop('syntax');
      const name = this.#string();
      name.name = textOf(this.#bytes, name);
      if (names.includes(name.name)) throw new Stop('duplicate-member');
      if (names.push(name.name) > limits.jsonMembersMax) throw new Stop('too-many-values');
      this.#space();
      this.#expect(0x3a);
      this.#value(depth + 1);
      this.#space();
      if (this.#bytes[this.at] === 0x7d) return this.#close(token);
      this.#expect(0x2c);
    }
  }

  #array(depth: number): void {
    const token = this.#open('array', depth);
    if (this.#bytes[this.at] === 0x5d) return this.#close(token);
    for (;;) {
      this.#value(depth + 1);
      this.#space();
      if (this.#bytes[this.at] === 0x5d) return this.#close(token);
      this.#expect(0x2c);
    }
  }

  #string(): Token {
    const bytes = this.#bytes;
    const start = this.at + 1;
    let escaped = false;
    let i = start;
    for (; ; i++) {
      const byte = bytes[i];
      if (byte === QUOTE) break;
      if (byte === undefined || byte < 0x20) throw new Stop('syntax');
      if (byte !== BACKSLASH) continue;
      escaped = true;
      i = afterEscape(bytes, i);
      if (i < 0) throw new Stop('syntax');
    }
    this.at = i + 1;
    return this.#push('string', start, i, escaped);
  }

  #number(): void {
    const text = this.#bytes.toString(
      'latin1',
      this.at,
      Math.min(this.at + NUMBER_CHARS_MAX, this.#bytes.length),
    );
    NUMBER.lastIndex = 0;
    const match = NUMBER.exec(text);
    if (match === null || match[0].length === NUMBER_CHARS_MAX) throw new Stop('syntax');
    this.#push('number', this.at, this.at + match[0].length, false);
    this.at += match[0].length;
  }

  #word(word: 'true' | 'false' | 'null'): void {
    if (this.#bytes.toString('latin1', this.at, this.at + word.length) !== word) throw new Stop('syntax');
    this.#push(word, this.at, this.at + word.length, false);
    this.at += word.length;
  }

  #push(kind: TokenKind, start: number, end: number, escaped: boolean): Token {
    if (this.tokens.length >= limits.jsonTokensMax) throw new Stop('too-many-values');
    const after = this.tokens.length + 1;
    const token: Token = { kind, start, end, after, escaped, name: undefined };
    this.tokens.push(token);
    return token;
  }

  #expect(byte: number): void {
    if (this.#bytes[this.at] !== byte) throw new Stop('syntax');
    this.at += 1;
    this.#space();
  }

  #space(): void {
    for (;;) {
      const byte = this.#bytes[this.at];
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return;
      this.at += 1;
    }
  }
}

// Offset of the last byte of the escape that begins at `i`, or -1.
function afterEscape(bytes: Buffer, i: number): number {
  const letter = bytes[i + 1];
  if (letter === 0x75) {
    return /^[0-9a-fA-F]{4}$/.test(bytes.toString('latin1', i + 2, Math.min(i + 6, bytes.length)))
      ? i + 5
      : -1;
  }
  return letter !== undefined && '"\\/bfnrt'.includes(String.fromCharCode(letter)) ? i + 1 : -1;
}

/** The text of a string token. Never called on the value of a key. */
export function textOf(bytes: Buffer, token: Token): string {
  const text = bytes.toString('utf8', token.start, token.end);
  return token.escaped ? (JSON.parse(`"${text}"`) as string) : text;
}
