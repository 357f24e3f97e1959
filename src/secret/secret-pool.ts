/** Memory for secrets that come and go by the thousand a second, so that the collector has nothing to do with them. By size, powers of two. */
const free = new Map<number, Buffer[]>();
const SMALLEST = 64;
const LARGEST = 1 << 20;
/** Of each size, no more than this many bytes, and no more than this many pieces. */
const KEPT_BYTES = 8 << 20;
const KEPT_PIECES = 64;

/** All zero. @param length bytes, at least */
export function takeSecretMemory(length: number): Buffer {
  let size = SMALLEST;
  while (size < length) size *= 2;
  return free.get(size)?.pop() ?? Buffer.alloc(size);
}

/** Wipes memory of `takeSecretMemory`. @param used how many bytes of it were written to, from the first on */
export function giveSecretMemory(memory: Buffer, used: number): void {
  memory.fill(0, 0, used);
  const size = memory.length;
  if (size > LARGEST) return;
  let same = free.get(size);
  if (same === undefined) {
    same = [];
    free.set(size, same);
  }
  if (same.length < Math.min(KEPT_PIECES, KEPT_BYTES / size)) same.push(memory);
}
