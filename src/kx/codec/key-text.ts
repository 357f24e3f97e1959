import { readBase64, writeBase64 } from '../../bytes/base64.ts';

/** Where a key's base64 stands in a payload, and how many bytes it decodes to. */
export type KeyRange = { readonly start: number; readonly end: number; readonly bytes: number };

/**
 * XORs pad into base64 text in place: each key takes as many pad bytes as it has, in order.
 * @param pad at least as long as all keys together; only lent
 */
export function padKeys(payload: Buffer, ranges: readonly KeyRange[], pad: Uint8Array): void {
  const quantum = Buffer.alloc(3);
  let from = 0;
  for (const range of ranges) {
    for (let at = range.start, left = range.bytes; left > 0; at += 4, left -= 3) {
      const size = Math.min(left, 3);
      readBase64(payload, at, at + 4, quantum, 0);
      for (let i = 0; i < size; i++) quantum[i] = quantum[i]! ^ pad[from + i]!;
      from += size;
      writeBase64(size === 3 ? quantum : quantum.subarray(0, size), payload, at);
    }
  }
  quantum.fill(0);
}

/** Bytes of all keys together, which is the pad that they take. */
export function keyBytes(ranges: readonly KeyRange[]): number {
  return ranges.reduce((sum, range) => sum + range.bytes, 0);
}
