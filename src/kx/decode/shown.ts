import { base64DecodedLength } from '../../bytes/base64.ts';
import { type Token, type Tokens, textOf } from '../codec/json-scan.ts';
import { foldedName } from '../codec/json-view.ts';

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
    const letters = escaped ? withoutBackslashes(this.#bytes.subarray(start, end)) : undefined;
    const [text, from, to] = letters ? [letters, 0, letters.length] : [this.#bytes, start, end];
    const bytes = kind === 'string' ? base64DecodedLength(text, from, to) : -1;
    letters?.fill(0);
    return { kind: 'hidden', bytes: bytes < 0 ? undefined : bytes, letters: end - start };
  }
}

// Some encoders write `\/` for the slash of base64.
function withoutBackslashes(text: Buffer): Uint8Array {
  return text.filter((byte) => byte !== 0x5c);
}

function secrecyOf(words: string, around: Secrecy): Secrecy {
  if (around === 'hidden' || words === 'key' || words === 'keyextension') return 'hidden';
  if (words === 'keys') return 'keys';
  return around === 'keys' && words === 'keyid' ? 'shown' : around;
}
