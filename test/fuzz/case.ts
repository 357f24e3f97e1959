import { GREETING, unitsOf } from '../kx/fault-vectors/setting.ts';
import { poly1305, texts } from '../kx/naive.ts';
import { member, naiveJson, wholeIn } from '../kx/naive-json.ts';
import { corpus } from './corpus.ts';
import { mutateBytes, mutateHeader, mutateJson } from './mutate.ts';
import { Random } from './random.ts';

/** A byte stream from A to B. No frame may pass for authentic but those that somebody with the pad sealed. */
export type Case = {
  readonly chunks: readonly Buffer[];
  readonly isGenuine: (frame: Buffer) => boolean;
};

const { good, faulty, long } = corpus();
// A change may undo the fault of a vector: then the message is one of the corpus, with the tag that belongs to it.
const untagged = (frame: Buffer) => frame.toString('latin1', 10).replace(/"tag":"[^"]*"/i, '');
const known = new Set([...good, ...faulty, ...long].map(untagged));
const NO_TAG = 'A'.repeat(22).concat('==');

/** Case `index` of `seed`: the same for ever. */
export function fuzzCase(seed: number, index: number): Case {
  const random = new Random(Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b));
  const genuine = new Set<string>();
  const frames = random.once(30) ? [] : [GREETING];
  for (let left = 1 + random.below(3); left > 0; left--) {
    const frame = message(random, genuine);
    const id = frames.length + 1;
    if (frame.length >= 10 && !random.once(25)) renumber(frame, id, genuine);
    frames.push(frame);
  }
  let stream: Buffer = Buffer.concat(frames);
  if (random.once(12)) stream = mutateBytes(stream, random.pick(good), random);
  const isGenuine = (frame: Buffer) => genuine.has(frame.toString('latin1')) || known.has(untagged(frame));
  return { chunks: cut(stream, random), isGenuine };
}

function message(random: Random, genuine: Set<string>): Buffer {
  const from = random.once(120) ? long : random.once(4) ? faulty : good;
  let frame: Buffer = Buffer.from(random.pick(from));
  genuine.add(frame.toString('latin1'));
  for (let left = random.below(3); left > 0; left--) {
    frame = framed(frame, mutateJson(frame.toString('latin1', 10), random));
    if (random.once(4)) continue;
    frame = resealed(frame, random.once(40) ? 'C' : 'A');
    genuine.add(frame.toString('latin1'));
  }
  if (random.once(6)) frame = mutateHeader(frame, random);
  if (random.once(6)) frame = mutateTag(frame, random);
  if (random.once(10)) frame = mutateBytes(frame, random.pick(good), random);
  return frame;
}

function framed(frame: Buffer, text: string): Buffer {
  const payload = Buffer.from(text.slice(0, 0xffff), 'latin1');
  const made = Buffer.concat([frame.subarray(0, 10), payload]);
  made.writeUInt16BE(payload.length, 8);
  return made;
}

/** The frame under a message ID that is due, sealed anew where it was genuine. */
function renumber(frame: Buffer, id: number, genuine: Set<string>): void {
  const was = genuine.has(frame.toString('latin1'));
  if (frame.readUInt32BE(2) === 0xffff_ffff) return;
  frame.writeUInt32BE(id, 2);
  if (!was) return;
  resealed(frame, 'A').copy(frame);
  genuine.add(frame.toString('latin1'));
}

/** The frame with a right tag in its hop entry, where it has one. */
export function resealed(frame: Buffer, sender = 'A'): Buffer {
  const message = naiveJson(frame.subarray(10));
  const hop = member(member(message, 'extension')?.elements?.at(-1), 'keyferry_hop');
  const tag = member(hop, 'tag');
  const row = member(hop, 'pad')?.elements?.[0]?.elements?.map((one) => wholeIn(one, 2 ** 38));
  if (tag === undefined || tag.end - tag.start !== 24) return frame;
  const whole = row?.length === 3 && !row.includes(undefined);
  const key = (whole && row[2]! > 0 ? unitsOf([row as number[]]) : undefined) ?? unitsOf([[4, 30, 1]])!;
  const made = Buffer.from(frame);
  made.write(NO_TAG, 10 + tag.start, 'latin1');
  const input = Buffer.concat([texts('keyferry/1 hop', sender, 'B'), made]);
  made.write(poly1305(key.subarray(0, 32), input).toString('base64'), 10 + tag.start, 'latin1');
  return made;
}

function mutateTag(frame: Buffer, random: Random): Buffer {
  const at = frame.indexOf('"tag":"');
  if (at < 0 || at + 31 > frame.length) return frame;
  const made = Buffer.from(frame);
  const tag = Buffer.from(made.toString('latin1', at + 7, at + 31), 'base64');
  if (tag.length !== 16) return frame;
  tag[random.once(2) ? 15 : random.below(16)]! ^= 1 << random.below(8);
  made.write(tag.toString('base64'), at + 7, 'latin1');
  return made;
}

function cut(stream: Buffer, random: Random): Buffer[] {
  if (random.once(2)) return [stream];
  const chunks: Buffer[] = [];
  const largest = random.pick([1, 3, 11, 64, 1460, 65_536]);
  const step = stream.length > 4_000 ? Math.max(largest, 64) : largest;
  for (let at = 0; at < stream.length; ) {
    const size = 1 + random.below(step);
    chunks.push(stream.subarray(at, at + size));
    at += size;
  }
  return chunks;
}
