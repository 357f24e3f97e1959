import { base64DecodedLength, readBase64, writeBase64 } from '../../bytes/base64.ts';
import { assert } from '../../errors.ts';
import { authenticate, bindTexts, TAG_BYTES, verifyTag } from '../../keys/authenticator.ts';
import { limits } from '../../limits.ts';
import { writeHeader } from './header.ts';
import type { JsonView } from './json-view.ts';

/** Pad: `units` KMA-keys from `index` on, in link block `number` of the sender's direction. */
export type PadSegment = { readonly number: number; readonly index: number; readonly units: number };

/** The extension entry that protects a message on one hop, as it was found in a payload. */
export type HopView = {
  readonly segments: readonly PadSegment[];
  /** Offset in the payload of the entry's first byte; what comes before it is the same on every hop. */
  readonly start: number;
  /** Offset in the payload of the tag's 24 base64 letters. */
  readonly tagStart: number;
};

const TAG_LETTERS = 24;
const NO_TAG = `${'A'.repeat(TAG_LETTERS - 2)}==`;
const CLOSING = ']}';

/**
 * Writes the hop entry, with an empty tag, and the payload's end into a frame's memory.
 * @param memory a frame; `at` is where the entry goes: the payload before it ends inside the extension array
 * @returns the frame, a view of `memory` with its header written but for the message ID; undefined when it would be too long
 */
export function closeWithHop(
  commandCode: number,
  memory: Buffer,
  at: number,
  segments: readonly PadSegment[],
): Buffer | undefined {
  const pad = segments.map((s) => `[${s.number},${s.index},${s.units}]`).join(',');
  const tail = `{"keyferry_hop":{"pad":[${pad}],"tag":"${NO_TAG}"}}${CLOSING}`;
  const payloadBytes = at - limits.kxHeaderBytes + tail.length;
  if (payloadBytes > limits.kxPayloadBytesMax) return undefined;
  memory.write(tail, at, 'latin1');
  writeHeader(memory, 0, commandCode, payloadBytes);
  return memory.subarray(0, limits.kxHeaderBytes + payloadBytes);
}

/** Fills in the tag of a frame made by `closeWithHop`, its message ID already set. */
export function sealHop(frame: Buffer, sender: string, receiver: string, oneTimeKey: Buffer): void {
  const tag = authenticate(oneTimeKey, [binding(sender, receiver), frame]);
  const at = frame.length - CLOSING.length - 3 - TAG_LETTERS;
  assert(
    frame.toString('latin1', at, at + TAG_LETTERS) === NO_TAG,
    'a frame is sealed once, by its hop entry',
  );
  writeBase64(tag, frame, at);
}

/** Whether the message is what `sender` sent to `receiver`. Empties the tag's letters in `payload`. */
export function verifyHop(
  headerBytes: Buffer,
  payload: Buffer,
  hop: HopView,
  sender: string,
  receiver: string,
  oneTimeKey: Buffer,
): boolean {
  const tag = Buffer.alloc(TAG_BYTES);
  readBase64(payload, hop.tagStart, hop.tagStart + TAG_LETTERS, tag, 0);
  payload.write(NO_TAG, hop.tagStart, 'latin1');
  return verifyTag(oneTimeKey, [binding(sender, receiver), headerBytes, payload], tag);
}

/** Finds the hop entry of a payload, or undefined when it has none at its very end or it is malformed. */
export function findHop(message: JsonView): HopView | undefined {
  const last = message.member('extension')?.elements()?.at(-1);
  const entry = last?.only('keyferryhop');
  const tag = entry?.member('tag');
  const pad = entry?.member('pad')?.elements();
  if (last === undefined || tag === undefined || pad === undefined) return undefined;
  if (last.token.end + CLOSING.length !== message.bytes.length) return undefined;
  const { start, end, kind, escaped } = tag.token;
  if (kind !== 'string' || escaped || end - start !== TAG_LETTERS) return undefined;
  if (base64DecodedLength(message.bytes, start, end) !== TAG_BYTES) return undefined;
  const segments = readSegments(pad);
  return segments === undefined ? undefined : { segments, start: last.token.start, tagStart: start };
}

function readSegments(pad: readonly JsonView[]): PadSegment[] | undefined {
  if (pad.length < 1 || pad.length > limits.padSegmentsMax) return undefined;
  const segments: PadSegment[] = [];
  for (const element of pad) {
    const [number, index, units, ...more] = element.elements() ?? [];
    const segment = {
      number: number?.integer(limits.blockNumberMax),
      index: index?.integer(limits.blockUnitsMax - 1),
      units: units?.integer(limits.blockUnitsMax),
    };
    if (segment.number === undefined || segment.index === undefined || more.length > 0) return undefined;
    if (segment.units === undefined || segment.units === 0) return undefined;
    segments.push({ number: segment.number, index: segment.index, units: segment.units });
  }
  return segments;
}

function binding(sender: string, receiver: string): Buffer {
  return bindTexts('keyferry/1 hop', sender, receiver);
}
