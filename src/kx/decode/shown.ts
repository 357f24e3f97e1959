import { base64DecodedLength } from '../../bytes/base64.ts';
import { SecretBytes } from '../../secret/secret-bytes.ts';
import { type Token, type Tokens, textOf } from '../codec/json-scan.ts';
import { foldedName } from '../codec/json-view.ts';

const BACKSLASH = 0x5c;
const SLASH = 0x2f;
const LOWER_U = 0x75;

/** What may be shown of a JSON value. Key is not among it, only how much of it there is. */
export type Shown =
  | { readonly kind: 'object'; readonly members: readonly (readonly [name: string, value: Shown])[] }
  | { readonly kind: 'array'; readonly elements: readonly Shown[] }
  | { readonly kind: 'text'; readonly text: string }
  /** A number, `true`, `false` or `null`, as it was written. */
  | { readonly kind: 'literal'; readonly text: string }
  /** Bytes that the base64 text stands for; undefined when it is none. */
  | { readonly kind: 'hidden'; readonly bytes: number | undefined; readonly letters: number };

/**
 * The payload as it may be shown. Hidden are the members `key`, in any spelling and wherever they stand, whatever a `key_extension` holds, and
 * texts of members of a key entry that nobody knows: they may be key under another name.
 * @param tokens of a payload that was scanned without a fault
 */
export function shownOf(bytes: Buffer, tokens: Tokens): Shown {
  return new Walk(bytes, tokens).value(0, 'shown').shown;
}

type Secrecy = 'shown' | 'keys' | 'hidden';
type Walked = { readonly shown: Shown; readonly after: number };

class Walk {
  readonly #bytes: Buffer;
  readonly #tokens: Tokens;

  constructor(bytes: Buffer, tokens: Tokens) {
    this.#bytes = bytes;
    this.#tokens = tokens;
  }

  value(index: number, secrecy: Secrecy): Walked {
    const token = this.#tokens.at(index);
    switch (token.kind) {
      case 'object':
        return this.#object(token, index, secrecy);
      case 'array':
        return this.#array(token, index, secrecy);
      case 'string':
        return { shown: secrecy === 'shown' ? this.#text(token) : this.#hidden(token), after: token.after };
      default:
        return {
          shown: secrecy === 'shown' ? this.#literal(token) : this.#hidden(token),
          after: token.after,
        };
    }
  }

  #object(token: Token, index: number, secrecy: Secrecy): Walked {
    const members: [string, Shown][] = [];
    for (let at = index + 1; at < token.after; ) {
      const name = textOf(this.#bytes, this.#tokens.at(at));
      const { shown, after } = this.value(at + 1, secrecyOf(foldedName(name), secrecy));
      members.push([name, shown]);
      at = after;
    }
    return { shown: { kind: 'object', members }, after: token.after };
  }

  #array(token: Token, index: number, secrecy: Secrecy): Walked {
    const elements: Shown[] = [];
    for (let at = index + 1; at < token.after; ) {
      const { shown, after } = this.value(at, secrecy);
      elements.push(shown);
      at = after;
    }
    return { shown: { kind: 'array', elements }, after: token.after };
  }

  #text(token: Token): Shown {
    return { kind: 'text', text: textOf(this.#bytes, token) };
  }

  #literal(token: Token): Shown {
    const text =
      token.kind === 'number' ? this.#bytes.toString('latin1', token.start, token.end) : token.kind;
    return { kind: 'literal', text };
  }

  #hidden({ kind, start, end, escaped }: Token): Shown {
    const bytes = kind === 'string' ? this.#decodedLength(start, end, escaped) : -1;
    return { kind: 'hidden', bytes: bytes < 0 ? undefined : bytes, letters: end - start };
  }

  #decodedLength(start: number, end: number, escaped: boolean): number {
    if (escaped) return unescapedLength(this.#bytes.subarray(start, end));
    return base64DecodedLength(this.#bytes, start, end);
  }
}

// Some encoders write `\/` or `\u002F` for the slash of base64, and `\u002B` for its plus.
function unescapedLength(text: Buffer): number {
  const letters = SecretBytes.alloc(text.length);
  const into = letters.view();
  let length = 0;
  for (let at = 0; at < text.length; length++) {
    const [letter, taken] = letterAt(text, at);
    into[length] = letter;
    at += taken;
  }
  const bytes = base64DecodedLength(into, 0, length);
  letters.wipe();
  return bytes;
}

// The text was scanned without a fault: every escape is whole. What is in no ASCII is no letter of base64, and neither is NUL.
function letterAt(text: Buffer, at: number): readonly [letter: number, taken: number] {
  if (text[at] !== BACKSLASH) return [text[at]!, 1];
  if (text[at + 1] === SLASH) return [SLASH, 2];
  if (text[at + 1] !== LOWER_U) return [0, 2];
  let unit = 0;
  for (let i = at + 2; i < at + 6; i++) unit = unit * 16 + hexValue(text[i]!);
  return [unit < 0x80 ? unit : 0, 6];
}

function hexValue(digit: number): number {
  return digit < 0x40 ? digit - 0x30 : (digit | 0x20) - 0x57;
}

function secrecyOf(words: string, around: Secrecy): Secrecy {
  if (around === 'hidden' || words === 'key' || words === 'keyextension') return 'hidden';
  if (words === 'keys') return 'keys';
  return around === 'keys' && words === 'keyid' ? 'shown' : around;
}
