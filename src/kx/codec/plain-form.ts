import { limits } from '../../limits.ts';
import { writeHeader } from './header.ts';
import { JsonView } from './json-view.ts';

const COMMA = 0x2c;
const COLON = 0x3a;
const QUOTE = 0x22;
const BRACKET = 0x5b;

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
 * @returns a copy with the keys in it, the caller's to wipe; undefined when it is no object, or its extension no array
 */
export function openForHop(payload: Buffer): Buffer | undefined {
  const message = JsonView.of(payload);
  if (!(message instanceof JsonView)) return undefined;
  const extension = message.member('extension');
  const last = withoutSpace(payload, message.token.end - 1);
  if (extension === undefined)
    return Buffer.concat([payload.subarray(0, last), Buffer.from(',"extension":[')]);
  const { kind, start, end } = extension.token;
  if (kind !== 'array') return undefined;
  let before = withoutSpace(payload, nameStart(payload, start));
  let after = end;
  while (payload[after] !== COMMA && after < last) after += 1;
  if (after < last) after += 1;
  else before = withoutSpace(payload, before - 1);
  const others = [payload.subarray(0, before), payload.subarray(Math.min(after, last), last)];
  const filled = extension.elements()!.length > 0;
  const entries = filled ? [payload.subarray(start + 1, end - 1), Buffer.from(',')] : [];
  return Buffer.concat([...others, Buffer.from(',"extension":['), ...entries]);
}

// Where the name of the member begins whose value stands at `value`. A name that means "extension" has no quote in it.
function nameStart(payload: Buffer, value: number): number {
  const colon = payload.lastIndexOf(COLON, value - 1);
  const closing = payload.lastIndexOf(QUOTE, colon);
  return payload.lastIndexOf(QUOTE, closing - 1);
}

function withoutSpace(bytes: Buffer, end: number): number {
  while (end > 0 && bytes[end - 1]! <= 0x20) end -= 1;
  return end;
}
