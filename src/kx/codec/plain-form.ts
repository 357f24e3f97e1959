import { limits } from '../../limits.ts';
import { Draft } from './draft.ts';
import { writeHeader } from './header.ts';
import type { HopView } from './hop.ts';
import { JsonView } from './json-view.ts';

const COMMA = 0x2c;
const COLON = 0x3a;
const QUOTE = 0x22;
const BRACE = 0x7b;
const BRACKET = 0x5b;
const REQUEST_ID = 'keyrelayrequestid';

/**
 * Closes a message for a plain peer: its extension array is closed, or left out when it holds nothing.
 * @param memory a frame; its payload up to `at` ends inside the extension array, the last member, where an entry may follow
 * @returns the frame, a view of `memory` with its header written but for the message ID; undefined when it would be too long
 */
export function closePlainly(commandCode: number, memory: Buffer, at: number): Buffer | undefined {
  let end = withoutSpace(memory, at);
  const empty = memory[end - 1] === BRACKET;
  end = empty ? memory.lastIndexOf(COMMA, end - 1) : withoutSpace(memory, end - 1);
  const tail = empty ? '}' : ']}';
  const payloadBytes = end - limits.kxHeaderBytes + tail.length;
  if (payloadBytes > limits.kxPayloadBytesMax) return undefined;
  memory.fill(0, end, at);
  memory.write(tail, end, 'latin1');
  writeHeader(memory, 0, commandCode, payloadBytes);
  return memory.subarray(0, limits.kxHeaderBytes + payloadBytes);
}

/**
 * A plain peer's payload up to where a hop entry goes: its extension array moved to the end and left open, everything else byte for byte.
 * @param more the request ID that is added, as a member in JSON; one that is null gives way to it
 * @returns a copy with the keys in it, the caller's to wipe; undefined when it is no object that is read as it was, with an entry more
 */
export function openForHop(payload: Buffer, more?: string): Buffer | undefined {
  const message = JsonView.of(payload);
  if (!(message instanceof JsonView) || message.token.kind !== 'object') return undefined;
  const unnamed = more === undefined ? undefined : message.member(REQUEST_ID);
  if (more !== undefined && unnamed !== undefined) return openNamed(payload, message, unnamed, more);
  const extension = message.member('extension');
  if (extension !== undefined && !['array', 'null'].includes(extension.token.kind)) return undefined;
  const others = withoutMember(payload, message, extension);
  const added = Buffer.from(more === undefined ? '' : `${comma(others)}${more}`);
  const opening = Buffer.from(`${added.length > 0 ? ',' : comma(others)}"extension":[`);
  const entries = extension === undefined ? [] : entriesOf(payload, extension);
  message.done();
  const prefix = Buffer.concat([...others, added, opening, ...entries]);
  if (endsInExtension(prefix)) return prefix;
  prefix.fill(0);
  return undefined;
}

// A reader would take the first of two members of the same words.
function openNamed(payload: Buffer, message: JsonView, unnamed: JsonView, more: string): Buffer | undefined {
  const { kind, start, end } = unnamed.token;
  message.done();
  if (kind !== 'null') return undefined;
  const value = Buffer.from(more.slice(more.indexOf(':') + 1));
  const named = Buffer.concat([payload.subarray(0, start), value, payload.subarray(end)]);
  const prefix = openForHop(named);
  named.fill(0);
  return prefix;
}

/** The object without its closing brace and without one of its members, or with all. */
function withoutMember(payload: Buffer, message: JsonView, member: JsonView | undefined): Buffer[] {
  const last = withoutSpace(payload, message.token.end - 1);
  if (member === undefined) return [payload.subarray(0, last)];
  let before = withoutSpace(payload, nameStart(payload, member.token.start));
  let after = member.token.end;
  while (payload[after] !== COMMA && after < last) after += 1;
  if (after < last) after += 1;
  else if (payload[before - 1] === COMMA) before = withoutSpace(payload, before - 1);
  return [payload.subarray(0, before), payload.subarray(Math.min(after, last), last)];
}

// Where the name of the member begins whose value stands at `value`. A name that means "extension" has no quote in it.
function nameStart(payload: Buffer, value: number): number {
  const colon = payload.lastIndexOf(COLON, value - 1);
  const closing = payload.lastIndexOf(QUOTE, colon);
  return payload.lastIndexOf(QUOTE, closing - 1);
}

function entriesOf(payload: Buffer, { token: { kind, start, end } }: JsonView): Buffer[] {
  if (kind !== 'array') return [];
  const inside = payload.subarray(start + 1, withoutSpace(payload, end - 1));
  return withoutSpace(inside, inside.length) === 0 ? [] : [inside, Buffer.from(',')];
}

// A member of the same words further up would be read in place of the one at the end (or the limits of a message be passed).
function endsInExtension(prefix: Buffer): boolean {
  const closed = Buffer.concat([prefix, Buffer.from('{}]}')]);
  const message = JsonView.of(closed);
  const ends = message instanceof JsonView && message.member('extension')?.token.end === closed.length - 1;
  if (message instanceof JsonView) message.done();
  closed.fill(0);
  return ends;
}

function comma(others: readonly Buffer[]): string {
  const bytes = others.findLast((piece) => withoutSpace(piece, piece.length) > 0);
  return bytes === undefined || bytes[withoutSpace(bytes, bytes.length) - 1] === BRACE ? '' : ',';
}

function withoutSpace(bytes: Buffer, end: number): number {
  while (end > 0 && bytes[end - 1]! <= 0x20) end -= 1;
  return end;
}

/**
 * What of a message without key goes on in transit: all before its hop entry, or, of a plain peer's message, which has none, all of it.
 * @param more a member to be added to a plain peer's message, as text
 * @returns undefined when the payload is no object, or its extension no array
 */
export function passedOn(payload: Buffer, hop: HopView | undefined, more?: string): Draft | undefined {
  const prefix = hop === undefined ? openForHop(payload, more) : payload.subarray(0, hop.start);
  return prefix && Draft.of(prefix);
}
