import { xorBase64 } from '../../bytes/base64.ts';

/** Where a key's base64 stands in a payload, and how many bytes it decodes to. */
export type KeyRange = { readonly start: number; readonly end: number; readonly bytes: number };

/**
 * XORs pad into base64 text in place: each key takes as many pad bytes as it has, in order.
 * @param pad at least as long as all keys together; only lent
 */
export function padKeys(payload: Buffer, ranges: readonly KeyRange[], pad: Uint8Array): void {
  let from = 0;
  for (const { start, bytes } of ranges) {
    xorBase64(payload, start, bytes, pad, from);
    from += bytes;
  }
}

/** Bytes of all keys together, which is the pad that they take. */
export function keyBytes(ranges: readonly KeyRange[]): number {
  return ranges.reduce((sum, range) => sum + range.bytes, 0);
}
