import { isUtf8 } from 'node:buffer';
import { addressOf, leave, loops, region, words } from './engine.ts';

/** What a token is. Objects hold alternating member name and value; `after` is the token behind the whole value. */
export type TokenKind = 'object' | 'array' | 'string' | 'number' | 'true' | 'false' | 'null';

export type Token = {
  readonly kind: TokenKind;
  /** Byte range in the payload; for strings of what stands between the quotes. */
  readonly start: number;
  readonly end: number;
  /** Index of the token after this value and all it holds. */
  readonly after: number;
  /** For strings: whether a backslash stands in it. */
  readonly escaped: boolean;
};

export type JsonFault =
  | 'not-utf8'
  | 'syntax'
  | 'too-deep'
  | 'too-many-values'
  | 'duplicate-member'
  | 'not-an-object';

export type Scan =
  | { readonly tokens: Tokens; readonly fault?: undefined }
  | { readonly fault: JsonFault; readonly at: number };

const KINDS: readonly TokenKind[] = ['object', 'array', 'string', 'number', 'true', 'false', 'null'];
const FAULTS: readonly JsonFault[] = [
  'not-utf8',
  'syntax',
  'too-deep',
  'too-many-values',
  'duplicate-member',
  'not-an-object',
];
const WORDS = 4;
const ESCAPED = 1 << 8;

/** The tokens of a payload, in the order of the text. They lie in memory that the next scan uses, and are copied before that. */
export class Tokens {
  #words = words;
  #first = region.tokens / 4;
  readonly length: number;

  constructor(count: number) {
    this.length = count;
  }

  /** Before the next scan. */
  copy(): void {
    this.#words = words.slice(this.#first, this.#first + this.length * WORDS);
    this.#first = 0;
  }

  at(index: number): Token {
    const first = this.#words[this.#first + index * WORDS]!;
    const kind = KINDS[first & 0xff]!;
    const escaped = (first & ESCAPED) !== 0;
    return { kind, start: this.start(index), end: this.end(index), after: this.after(index), escaped };
  }

  isObject(index: number): boolean {
    return this.#words[this.#first + index * WORDS] === 0;
  }

  isArray(index: number): boolean {
    return this.#words[this.#first + index * WORDS] === 1;
  }

  escaped(index: number): boolean {
    return (this.#words[this.#first + index * WORDS]! & ESCAPED) !== 0;
  }

  start(index: number): number {
    return this.#words[this.#first + index * WORDS + 1]!;
  }

  end(index: number): number {
    return this.#words[this.#first + index * WORDS + 2]!;
  }

  after(index: number): number {
    return this.#words[this.#first + index * WORDS + 3]!;
  }
}

// Whose tokens lie where the next scan will write.
let newest: Tokens | undefined;

/** Says that a scan's tokens are not looked at any more, so that they need not be copied. */
export function doneWith(tokens: Tokens): void {
  if (newest === tokens) newest = undefined;
}

/**
 * Reads one JSON object (RFC 8259) as byte ranges, so that key in it never becomes a JS value. Strict: valid UTF-8, no
 * duplicate members, nothing after the object, bounded depth and count.
 */
export function scanJson(bytes: Buffer): Scan {
  if (!isUtf8(bytes)) return { fault: 'not-utf8', at: 0 };
  newest?.copy();
  newest = undefined;
  const count = loops.scan(addressOf(bytes), bytes.length);
  leave(bytes);
  if (count < 0) return { fault: FAULTS[-count]!, at: loops.scannedTo() };
  newest = new Tokens(count);
  return { tokens: newest };
}

/** The text of a string token. Never called on the value of a key. */
export function textOf(bytes: Buffer, { start, end, escaped }: Token): string {
  const text = bytes.toString('utf8', start, end);
  return escaped ? (JSON.parse(`"${text}"`) as string) : text;
}
