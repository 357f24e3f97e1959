import { bindTexts } from './authenticator.ts';
import { keyedHash } from './keyed-hash.ts';
import { formatUuid } from './uuid.ts';

const PURPOSE = bindTexts('keyferry/1 plain key ID');

/**
 * The ID (a version-4 UUID, RFC 9562 §5.4) of a KMA-key that is relayed to a plain KM, which cannot open sealed addresses: it has to be known
 * before the key is relayed, and found again when the key is supplied.
 * @param secret the 32-byte ID secret of the block's epoch, which a plain KM never gets; only lent
 * @param index of the KMA-key in block `number`
 */
export function plainKeyId(secret: Uint8Array, number: number, index: number): string {
  const place = Buffer.alloc(16);
  place.writeBigUInt64BE(BigInt(number), 0);
  place.writeUInt32BE(index, 12);
  const id = keyedHash(secret, Buffer.concat([PURPOSE, place])).subarray(0, 16);
  id[6] = (id[6]! & 0x0f) | 0x40;
  id[8] = (id[8]! & 0x3f) | 0x80;
  return formatUuid(id);
}
