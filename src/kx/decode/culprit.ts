import { foldedName, type JsonView } from '../codec/json-view.ts';
import type { MessageKind, Parameter } from './parameters.ts';

/** Where in a message stands what makes it unreadable. */
export type Culprit = {
  /** `blocks[3]`. */
  readonly where: string;
  /** From the beginning of the payload. */
  readonly at: number;
  /** Of an array of which no element is wrong by itself: how many it has. */
  readonly elements?: number;
};

/**
 * Looks for the member of a message that its reader does not take, by having it read each one in a message that is else as small and as right as can be:
 * so what is said here is what the reader goes by.
 * @param reads whether the reader takes a payload, which is wiped afterwards
 * @returns undefined where every member by itself is right
 */
export function culpritOf(
  { parameters }: MessageKind,
  message: JsonView,
  reads: (payload: Buffer) => boolean,
): Culprit | undefined {
  for (const { name } of parameters) {
    const value = message.member(foldedName(name));
    if (value === undefined || takes(parameters, name, rawOf(value), reads)) continue;
    const elements = value.elements() ?? [];
    if (elements.length === 0) return { where: name, at: value.token.start };
    const takesAll = (raw: readonly Buffer[]) => takes(parameters, name, [OPEN, ...raw, SHUT], reads);
    const last = firstWithout(elements, takesAll);
    const one = elements[last]!;
    if (!takesAll([rawOf(one)])) return { where: `${name}[${last}]`, at: one.token.start };
    return { where: name, at: value.token.start, elements: elements.length };
  }
  return undefined;
}

const OPEN = Buffer.from('[');
const SHUT = Buffer.from(']');

// The element up to which, and with which, the reader does not take the array. By halves: one after the other, a long array would cost its length squared.
function firstWithout(elements: readonly JsonView[], takesAll: (raw: readonly Buffer[]) => boolean): number {
  const from = rawOf(elements[0]!);
  let [low, high] = [0, elements.length - 1];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const to = rawOf(elements[middle]!);
    const end = to.byteOffset + to.length - from.byteOffset;
    if (takesAll([Buffer.from(from.buffer, from.byteOffset, end)])) low = middle + 1;
    else high = middle;
  }
  return low;
}

function takes(
  parameters: readonly Parameter[],
  name: string,
  value: Buffer | readonly Buffer[],
  reads: (payload: Buffer) => boolean,
): boolean {
  const others = parameters.filter((other) => other.mandatory && other.name !== name);
  const head = `{${others.map((other) => `"${other.name}":${sampleOf(other)},`).join('')}"${name}":`;
  // Key of plain peers may lie in it.
  const payload = Buffer.concat([
    Buffer.from(head),
    ...(Array.isArray(value) ? value : [value]),
    Buffer.from('}'),
  ]);
  try {
    return reads(payload);
  } finally {
    payload.fill(0);
  }
}

function sampleOf({ name, kinds }: Parameter): string {
  if (name === 'keys') return '[{"key_ID":"x","key":"AA=="}]';
  return { string: '"x"', number: '1', array: '[]', object: '{}' }[kinds[0]!];
}

// The token of a string has no quotes.
function rawOf({ bytes, token: { kind, start, end } }: JsonView): Buffer {
  return kind === 'string' ? bytes.subarray(start - 1, end + 1) : bytes.subarray(start, end);
}
