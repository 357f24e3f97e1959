import { crc32c } from '../bytes/crc32c.ts';
import { damaged } from './damage.ts';

const SUM_BYTES = 4;

/** The marks of a block of theirs as they are stored: a bit for each unit, and a sum that also covers whose marks they are. */
export function storedMarks(block: number, marks: Uint8Array): Uint8Array {
  const stored = Buffer.alloc(marks.length + SUM_BYTES);
  stored.set(marks);
  stored.writeUInt32BE(sumOf(block, marks), marks.length);
  return stored;
}

/**
 * The marks that `storedMarks` stored, or an earlier version without a sum.
 * @throws AgentError `host.store_damaged`: a bit that is gone would let key be opened again
 */
export function readMarks(block: number, stored: Uint8Array, units: number): Uint8Array {
  const bytes = Math.ceil(units / 8);
  if (stored.length === bytes) return stored;
  const marks = stored.slice(0, bytes);
  const sum = Buffer.from(stored.buffer, stored.byteOffset + marks.length, stored.length - marks.length);
  if (sum.length === SUM_BYTES && sum.readUInt32BE() === sumOf(block, marks)) return marks;
  throw damaged(`the marks of used key of the block with row ${block} are damaged`);
}

function sumOf(block: number, marks: Uint8Array): number {
  const covered = Buffer.alloc(8 + marks.length);
  covered.writeDoubleBE(block);
  covered.set(marks, 8);
  return crc32c(covered);
}
