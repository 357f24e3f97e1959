import { frame, poly1305, texts, xor } from '../naive.ts';

/**
 * What all fault vectors share: A, whose KMA ID sorts first, sends to B. Both hold A's link block 4, which is ready and of which nothing is
 * used. Its unit 30 is the one-time key of every message, and the units behind it cover the keys.
 */
export const SENDER = 'A';
export const RECEIVER = 'B';
export const BLOCK = 4;
export const FIRST = 30;
export const UNIT = 32;
const BLOCK_UNITS = 560;

export const block = Buffer.from(
  Array.from({ length: BLOCK_UNITS * UNIT }, (_, i) => (0x21 + 5 * i + 3 * (i >> 8)) & 255),
);

/** The units of A's block that `rows` name, one after the other; undefined when one of them is none. */
export function unitsOf(rows: readonly (readonly number[])[]): Buffer | undefined {
  const parts: Buffer[] = [];
  const taken = new Set<number>();
  for (const [number, index, units] of rows) {
    if (number !== BLOCK || index! < 2 || index! + units! > BLOCK_UNITS) return undefined;
    for (let unit = index!; unit < index! + units!; unit++) {
      if (taken.has(unit)) return undefined;
      taken.add(unit);
    }
    parts.push(block.subarray(index! * UNIT, (index! + units!) * UNIT));
  }
  return Buffer.concat(parts);
}

export const GREETING = frame(
  1,
  0x11f0,
  JSON.stringify({ kma_ID: SENDER, unit_bits: 256, store_ID: '5f0c9c1e-9d1b-4a52-8a53-0c2f6f0d7c11' }),
);

const NO_TAG = 'A'.repeat(22).concat('==');

export type Sealing = {
  readonly messageId?: number;
  readonly command?: number;
  readonly sender?: string;
  readonly receiver?: string;
};

/** The frame of `payload`, whose last run of 24 A's (22 and two `=`) is replaced by the tag. Without such a run it stays as it is. */
export function sealed(payload: string | Buffer, sealing: Sealing = {}): Buffer {
  const { messageId = 2, command = 0x1101, sender = SENDER, receiver = RECEIVER } = sealing;
  const whole = frame(messageId, command, payload);
  const at = whole.lastIndexOf(NO_TAG);
  if (at < 0) return whole;
  const key = block.subarray(FIRST * UNIT, (FIRST + 1) * UNIT);
  const tag = poly1305(key, Buffer.concat([texts('keyferry/1 hop', sender, receiver), whole]));
  whole.write(tag.toString('base64'), at, 'latin1');
  return whole;
}

/** The keys as they cross the hop: XORed with the pad behind the one-time key, one after the other. */
export function covered(keys: readonly Buffer[]): string[] {
  let at = (FIRST + 1) * UNIT;
  return keys.map((key) => {
    const text = xor(key, block.subarray(at, at + key.length)).toString('base64');
    at += key.length;
    return text;
  });
}

/** The hop entry of a message whose keys have `bytes` bytes in all. */
export function hopEntry(bytes: number): { keyferry_hop: { pad: unknown; tag: unknown } } {
  return { keyferry_hop: { pad: [[BLOCK, FIRST, 1 + Math.ceil(bytes / UNIT)]], tag: NO_TAG } };
}
