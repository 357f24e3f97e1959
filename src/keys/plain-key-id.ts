import { bindTexts } from './authenticator.ts';
import { keyedHash } from './keyed-hash.ts';
import { formatUuid, idAfter } from './uuid.ts';

const PURPOSE = bindTexts('keyferry/1 plain key ID');

/**
 * The ID of a KMA-key that is relayed to a plain KM, which cannot open sealed addresses: it has to be known before the key is relayed, and
 * found again when the key is supplied. Consecutive within a block; the first has the form of a version-4 UUID (RFC 9562 §5.4).
 * @param secret the 32-byte ID secret of the block's epoch, which a plain KM never gets; only lent
 * @param index of the KMA-key in block `number`
 * @returns 16 bytes
 */
export function plainKeyIdBytes(secret: Uint8Array, number: number, index: number): Buffer {
  const place = Buffer.alloc(8);
  place.writeBigUInt64BE(BigInt(number));
  const first = keyedHash(secret, Buffer.concat([PURPOSE, place])).subarray(0, 16);
  first[6] = (first[6]! & 0x0f) | 0x40;
  first[8] = (first[8]! & 0x3f) | 0x80;
  return idAfter(first, index);
}

/** The same as text: a UUID in lower case. */
export function plainKeyId(secret: Uint8Array, number: number, index: number): string {
  return formatUuid(plainKeyIdBytes(secret, number, index));
}
