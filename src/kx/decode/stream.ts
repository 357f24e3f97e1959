import { limits } from '../../limits.ts';
import { KX_VERSION, readHeader } from '../codec/header.ts';
import { describeMessage, type Fault, type Message } from './message.ts';
import { messageKinds } from './parameters.ts';

/** Bytes that are no message; `cut` says that the stream ends inside one. */
export type Gap = {
  readonly offset: number;
  readonly bytes: number;
  readonly cut: boolean;
  readonly faults: readonly Fault[];
};
export type Part = { readonly message: Message } | { readonly gap: Gap };

/**
 * Reads one direction of a Kx connection message by message (Q.4163 App. I, Figure I.1). A payload with a fault costs its message only. Where
 * no header can be believed any more, it goes on at the next place that looks like one.
 * @param stream only lent; nothing of its keys is in the answer
 */
export function decodeStream(stream: Buffer): Part[] {
  const parts: Part[] = [];
  const ids = new Set<number>();
  for (let at = 0; at < stream.length; ) {
    const gap = gapAt(stream, at);
    if (gap !== undefined) {
      parts.push({ gap });
      at += gap.bytes;
      continue;
    }
    const header = readHeader(stream, at);
    const end = at + limits.kxHeaderBytes + header.length;
    const message = describeMessage(at, header, stream.subarray(at + limits.kxHeaderBytes, end));
    parts.push({ message: ids.has(header.messageId) ? repeated(message) : message });
    ids.add(header.messageId);
    at = end;
  }
  return parts;
}

function repeated(message: Message): Message {
  const clause = 'Q.4163 App. I, Figure I.1';
  const fault = {
    offset: message.offset + 2,
    clause,
    text: 'this message ID came before: it is to be unique',
  };
  return { ...message, faults: [...message.faults, fault] };
}

// Undefined where a whole message stands.
function gapAt(stream: Buffer, at: number): Gap | undefined {
  const left = stream.length - at;
  const clause = 'Q.4163 App. I, Figure I.1';
  const cut = (text: string) => ({
    offset: at,
    bytes: left,
    cut: true,
    faults: [{ offset: at, clause, text }],
  });
  if (left < limits.kxHeaderBytes) return cut(`the stream ends after ${left} of the 10 bytes of a header`);
  const { version, length } = readHeader(stream, at);
  if (version !== KX_VERSION) {
    const next = nextHeader(stream, at + 1);
    const text = `version 0x${version.toString(16).padStart(4, '0')}, not 0x0001`;
    return { offset: at, bytes: next - at, cut: false, faults: [{ offset: at, clause, text }] };
  }
  const there = left - limits.kxHeaderBytes;
  return there < length ? cut(`the stream ends after ${there} of ${length} bytes of payload`) : undefined;
}

// The next place with our version, a known command code and a payload that begins like an object; else the end.
function nextHeader(stream: Buffer, from: number): number {
  for (let at = from; at + limits.kxHeaderBytes < stream.length; at++) {
    if (stream[at] !== 0 || stream.readUInt16BE(at) !== KX_VERSION) continue;
    const { command, length } = readHeader(stream, at);
    if (messageKinds.has(command) && length > 1 && stream[at + limits.kxHeaderBytes] === 0x7b) return at;
  }
  return stream.length;
}
