import { doneWith, type JsonFault, scanJson, type Token, type Tokens, textOf } from './json-scan.ts';

/**
 * One value of a scanned payload. A reader takes any spelling of a member's words: case, spaces, `_` and `-` make no
 * difference (Q.4163 names parameters, not members).
 */
export class JsonView {
  readonly bytes: Buffer;
  readonly #tokens: Tokens;
  /** Which token of the scan it is. */
  readonly index: number;

  private constructor(bytes: Buffer, tokens: Tokens, index: number) {
    this.bytes = bytes;
    this.#tokens = tokens;
    this.index = index;
  }

  static of(bytes: Buffer): JsonView | { readonly fault: JsonFault; readonly at: number } {
    const scan = scanJson(bytes);
    return scan.fault === undefined ? new JsonView(bytes, scan.tokens, 0) : scan;
  }

  /** Neither this value nor any other of its payload is looked at any more; the next payload is then read without a copy of this one's tokens. */
  done(): void {
    doneWith(this.#tokens);
  }

  get token(): Token {
    return this.#tokens.at(this.index);
  }

  /** The member of an object whose name is the words of `name` (lower case, nothing between them). */
  member(name: string): JsonView | undefined {
    const tokens = this.#tokens;
    if (!tokens.isObject(this.index)) return undefined;
    const after = tokens.after(this.index);
    for (let i = this.index + 1; i < after; i = tokens.after(i + 1))
      if (this.#isNamed(i, name)) return new JsonView(this.bytes, tokens, i + 1);
    return undefined;
  }

  /** The same of a member that may be missing: some encoders write null for what they leave out. */
  optional(name: string): JsonView | undefined {
    const found = this.member(name);
    return found?.token.kind === 'null' ? undefined : found;
  }

  /** The member of that name of an object that has no other. */
  only(name: string): JsonView | undefined {
    const found = this.member(name);
    const isAlone =
      found?.index === this.index + 2 && this.#tokens.after(found.index) === this.#tokens.after(this.index);
    return isAlone ? found : undefined;
  }

  /** The elements of an array; undefined when it is none. */
  elements(): JsonView[] | undefined {
    const tokens = this.#tokens;
    if (!tokens.isArray(this.index)) return undefined;
    const found: JsonView[] = [];
    const after = tokens.after(this.index);
    for (let i = this.index + 1; i < after; i = tokens.after(i))
      found.push(new JsonView(this.bytes, tokens, i));
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
    const { kind, start, end } = this.token;
    if (kind !== 'number') return undefined;
    const value = wholeNumber(this.bytes.toString('latin1', start, end));
    return value !== undefined && value <= max ? value : undefined;
  }

  #isNamed(index: number, words: string): boolean {
    const tokens = this.#tokens;
    if (tokens.escaped(index)) return foldedName(textOf(this.bytes, tokens.at(index))) === words;
    const end = tokens.end(index);
    let letter = 0;
    for (let i = tokens.start(index); i < end; i++) {
      let byte = this.bytes[i]!;
      if (byte === 0x20 || byte === 0x5f || byte === 0x2d) continue;
      if (byte >= 0x41 && byte <= 0x5a) byte += 0x20;
      // Also where the name is longer than the words: then there is no letter to compare with.
      if (words.charCodeAt(letter) !== byte) return false;
      letter += 1;
    }
    return letter === words.length;
  }
}

const SAFE_DIGITS = 15;

// By its digits: a double takes 0.99999999999999999999 for whole.
function wholeNumber(text: string): number | undefined {
  if (text.length <= SAFE_DIGITS && /^[0-9]+$/.test(text)) return Number(text);
  const [, minus, before = '', after = '', power = '0'] =
    /^(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE](.+))?$/.exec(text) ?? [];
  const digits = (before + after).replace(/^0+/, '');
  if (digits === '') return 0;
  const shown = digits.replace(/0+$/, '');
  const zeros = Number(power) - after.length + (digits.length - shown.length);
  if (minus !== '' || zeros < 0 || shown.length + zeros > SAFE_DIGITS) return undefined;
  return Number(shown + '0'.repeat(zeros));
}

/** The words of a member's name. ASCII only: other letters that have an ASCII lower case are not the same words. */
export function foldedName(name: string): string {
  return name.replace(/[ _-]/g, '').replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
