/**
 * JSON with the place of every value, as plainly as it can be had: JSON.parse says whether it is JSON, and since it is, one regular
 * expression finds its tokens. Imports nothing of ours; the bounds are those of docs/kx.md.
 */
export type Value = {
  /** Bytes of the payload; for a text those between its quotes. */
  readonly start: number;
  readonly end: number;
  readonly value: unknown;
  /** Of a number: itself where it is whole by its digits, else NaN. */
  readonly whole?: number;
  /** Whether a text has an escape in it. */
  readonly escaped: boolean;
  readonly members: readonly (readonly [name: string, value: Value])[] | undefined;
  readonly elements: readonly Value[] | undefined;
};

const DEPTH_MAX = 16;
const MEMBERS_MAX = 64;
const COUNT_MAX = 16_384;
const DIGITS_MAX = 63;
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\]:,]|[^\s{}[\]:,"]+/gs;

class Refused extends Error {}

/** The object in `payload`; undefined when a reader has to take it for malformed. */
export function naiveJson(payload: Uint8Array): Value | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(payload);
    const parsed = JSON.parse(text) as unknown;
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return undefined;
    return new Builder(Buffer.from(payload)).value(1);
  } catch (thrown) {
    if (thrown instanceof TypeError || thrown instanceof SyntaxError || thrown instanceof Refused)
      return undefined;
    throw thrown;
  }
}

class Builder {
  readonly #bytes: Buffer;
  readonly #tokens: readonly { text: string; at: number }[];
  #next = 0;
  #count = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    // Bytes as letters, so that a place in the text is a place in the payload.
    const found = bytes.toString('latin1').matchAll(TOKEN);
    this.#tokens = Array.from(found, (match) => ({ text: match[0], at: match.index }));
  }

  value(depth: number): Value {
    const { text, at } = this.#take();
    this.#count += 1;
    if (this.#count > COUNT_MAX) throw new Refused();
    if (text === '{') return this.#object(at, depth);
    if (text === '[') return this.#array(at, depth);
    const bytes = this.#bytes.subarray(at, at + text.length);
    const value = JSON.parse(bytes.toString('utf8')) as unknown;
    const none = { members: undefined, elements: undefined };
    if (typeof value === 'string')
      return { start: at + 1, end: at + text.length - 1, value, escaped: text.includes('\\'), ...none };
    if (typeof value === 'number') {
      if (text.length > DIGITS_MAX) throw new Refused();
      return { start: at, end: at + text.length, value, whole: exactly(text), escaped: false, ...none };
    }
    return { start: at, end: at + text.length, value, escaped: false, ...none };
  }

  #object(start: number, depth: number): Value {
    if (depth > DEPTH_MAX) throw new Refused();
    const members: [string, Value][] = [];
    while (this.#peek() !== '}') {
      if (this.#peek() === ',') this.#take();
      const name = this.value(depth + 1).value as string;
      this.#take();
      members.push([name, this.value(depth + 1)]);
    }
    const end = this.#take().at + 1;
    const names = new Set(members.map(([name]) => name));
    if (names.size !== members.length || members.length > MEMBERS_MAX) throw new Refused();
    const value = Object.fromEntries(members.map(([name, member]) => [name, member.value]));
    return { start, end, value, escaped: false, members, elements: undefined };
  }

  #array(start: number, depth: number): Value {
    if (depth > DEPTH_MAX) throw new Refused();
    const elements: Value[] = [];
    while (this.#peek() !== ']') {
      if (this.#peek() === ',') this.#take();
      elements.push(this.value(depth + 1));
    }
    const end = this.#take().at + 1;
    const value = elements.map((element) => element.value);
    return { start, end, value, escaped: false, members: undefined, elements };
  }

  #peek(): string {
    return this.#tokens[this.#next]!.text;
  }

  #take(): { text: string; at: number } {
    this.#next += 1;
    return this.#tokens[this.#next - 1]!;
  }
}

/** A number that is whole only because a double has no room for the rest of it is none. */
function exactly(text: string): number {
  const [mantissa, power = '0'] = text.toLowerCase().split('e') as [string, string?];
  const [whole, rest = ''] = mantissa.split('.') as [string, string?];
  const digits = BigInt(whole.replace('-', '') + rest);
  const places = rest.length - Number(power);
  if (digits === 0n) return 0;
  const isWhole = places <= 0 || (places < 100 && digits % 10n ** BigInt(places) === 0n);
  return isWhole ? Number(text) : Number.NaN;
}

/** The first member of `object` whose name is the words of `name`: case, spaces, `_` and `-` make no difference. */
export function member(object: Value | undefined, name: string): Value | undefined {
  const words = (text: string) =>
    text.replace(/[ _-]/g, '').replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  return object?.members?.find(([own]) => words(own) === words(name))?.[1];
}

/** The same, but that null is as good as none. */
export function optional(object: Value | undefined, name: string): Value | undefined {
  const found = member(object, name);
  return found?.value === null ? undefined : found;
}

/** A text of 1 to 64 characters, or to as many as are given. */
export function textIn(value: Value | undefined, max = 64): string | undefined {
  const text = value?.value;
  return typeof text === 'string' && text.length >= 1 && text.length <= max ? text : undefined;
}

/** A whole number from 0 to `max`. */
export function wholeIn(value: Value | undefined, max: number): number | undefined {
  const number = value?.whole;
  return number !== undefined && number >= 0 && number <= max ? number : undefined;
}

/** The bytes of canonical base64. */
export function base64In(value: Value | undefined): Buffer | undefined {
  const text = value?.value;
  if (typeof text !== 'string') return undefined;
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
}
