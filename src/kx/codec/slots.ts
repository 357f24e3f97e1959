import { limits } from '../../limits.ts';
import { bytes, isInside, region } from './engine.ts';

/**
 * Memory for frames inside the codec's own, so that they are scanned and re-padded where they lie. There is a fixed number of slots of three
 * sizes; who finds none free gets memory of its own, which works as well and is slower.
 */
const SIZES = [
  { bytes: 2 << 10, slots: 512 },
  { bytes: 16 << 10, slots: 64 },
  // The longest frame, and room for a hop entry.
  { bytes: 68 << 10, slots: 31 },
] as const;

type Size = { readonly bytes: number; readonly start: number; readonly end: number; readonly free: Buffer[] };

function layOut(): Size[] {
  let start = region.slots;
  return SIZES.map(({ bytes: size, slots }) => {
    const free = Array.from({ length: slots }, (_, i) =>
      bytes.subarray(start + i * size, start + (i + 1) * size),
    );
    const laid = { bytes: size, start, end: start + size * slots, free };
    start = laid.end;
    return laid;
  });
}

/** A slot of the shortest size is wiped as a whole: readers gather one frame after the other in it. */
const SHORT = SIZES[0].bytes;
const sizes = layOut();

/** Bytes of frames that were copied since the process began: to gather them, to keep them, to write on from them. */
export const copied = { bytes: 0 };

/** Memory of at least `least` bytes, all zero. Whoever takes it gives it back once, by `giveMemory`. */
export function takeMemory(least: number): Buffer {
  for (const size of sizes) {
    if (size.bytes < least) continue;
    const slot = size.free.pop();
    if (slot !== undefined) return slot;
  }
  return Buffer.alloc(least);
}

/** Wipes memory that `takeMemory` gave, or that a frame has of its own. `used` is that memory, or a view of it from its beginning on, that
 * lacks at most a hop entry of what was written. */
export function giveMemory(used: Buffer): void {
  const size = sizeOf(used);
  if (size === undefined) return void used.fill(0);
  const slot = bytes.subarray(used.byteOffset, used.byteOffset + size.bytes);
  // What was there before may have been longer by a hop entry.
  slot.fill(0, 0, Math.min(size.bytes, Math.max(used.length + limits.hopEntryBytesMax, SHORT)));
  size.free.push(slot);
}

function sizeOf(memory: Buffer): Size | undefined {
  if (!isInside(memory)) return undefined;
  const { byteOffset } = memory;
  return sizes.find(({ start, end }) => byteOffset >= start && byteOffset < end);
}

/** How many slots of each size are free, the smallest first; for tests and for those who watch. */
export function freeSlots(): number[] {
  return sizes.map(({ free }) => free.length);
}
