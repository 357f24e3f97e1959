import { type JsonFault, scanJson, type Token, textOf } from './json-scan.ts';

/**
 * One value of a scanned payload. A reader takes any spelling of a member's words: case, spaces, `_` and `-` make no
 * difference (Q.4163 names parameters, not members).
 */
export class JsonView {
  readonly bytes: Buffer;
  readonly #tokens: readonly Token[];
  readonly #index: number;

  private constructor(bytes: Buffer, tokens: readonly Token[], index: number) {
    this.bytes = bytes;
    this.#tokens = tokens;
    this.#index = index;
  }

  static of(bytes: Buffer): JsonView | { readonly fault: JsonFault; readonly at: number } {
    const scan = scanJson(bytes);
    return 'tokens' in scan ? new JsonView(bytes, scan.tokens, 0) : scan;
  }

  get token(): Token {
    return this.#tokens[this.#index]!;
  }

  /** The member of an object whose name is the words of `name` (lower case, nothing between them). */
  member(name: string): JsonView | undefined {
    const own = this.token;
    if (own.kind !== 'object') return undefined;
    for (let i = this.#index + 1; i < own.after; ) {
      const value = i + 1;
      if (wordsOf(this.#tokens[i]!.name!) === name) return new JsonView(this.bytes, this.#tokens, value);
      i = this.#tokens[value]!.after;
    }
    return undefined;
  }

  /** The elements of an array; undefined when it is none. */
  elements(): JsonView[] | undefined {
    const own = this.token;
    if (own.kind !== 'array') return undefined;
    const found: JsonView[] = [];
    for (let i = this.#index + 1; i < own.after; i = this.#tokens[i]!.after)
      found.push(new JsonView(this.bytes, this.#tokens, i));
    return found;
  }

  /** The text of a string of at most `charsMax` characters. Never asked of a key. */
  text(charsMax: number): string | undefined {
    const own = this.token;
    // A character is one to three bytes of UTF-8 for each UTF-16 unit, or an escape of six.
    if (own.kind !== 'string' || own.end - own.start > charsMax * 6) return undefined;
    const text = textOf(this.bytes, own);
    return text.length <= charsMax ? text : undefined;
  }

  /** A whole number from 0 to `max`. */
  integer(max: number): number | undefined {
    if (this.token.kind !== 'number') return undefined;
    const value = Number(this.bytes.toString('latin1', this.token.start, this.token.end));
    return Number.isSafeInteger(value) && value >= 0 && value <= max ? value : undefined;
  }
}

// The spelling that we write, so that it needs no work when it comes back.
const OWN_SPELLING = new Map(
  [
    ...['source_KMA_ID', 'destination_KMA_ID', 'transit_KMA_IDs', 'keys', 'key_ID', 'key'],
    ...['key_relay_request_ID', 'extension', 'response', 'keyferry_block', 'keyferry_hop'],
  ].map((name) => [name, normalise(name)]),
);

function wordsOf(name: string): string {
  return OWN_SPELLING.get(name) ?? normalise(name);
}

function normalise(name: string): string {
  // ASCII only: other letters that have an ASCII lower case are not the same words.
  return name.replace(/[ _-]/g, '').replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
