import { timingSafeEqual } from 'node:crypto';
import { assert } from '../errors.ts';
import { limits } from '../limits.ts';
import { bindTexts } from './authenticator.ts';
import { keyedHash } from './keyed-hash.ts';
import { formatUuid, parseUuid } from './uuid.ts';

/** Where a KSA-key lies: `bytes` bytes from KMA-key `index` on, in block `number` of its pool and direction. */
export type KeyAddress = { readonly number: number; readonly index: number; readonly bytes: number };

/** The two applications a KSA-key is for. An ID opens for this pair in this order and for no other. */
export type ApplicationPair = { readonly masterSaeId: string; readonly slaveSaeId: string };

// A version-4 UUID leaves 122 bits free: 63 for the address (38 of block number, 15 of index, 10 of size), and 59 that
// authenticate it. A guess is right once in 2^59, and every guess is a request over TLS.
const INDEX_BITS = 15n;
const SIZE_BITS = 10n;
const ADDRESS_BITS = 63n;
const ADDRESS_MASK = (1n << ADDRESS_BITS) - 1n;
const IV_MASK = (1n << 59n) - 1n;

/**
 * The ID of a KSA-key (GS QKD 014 §6.3: a UUID): the address under a synthetic IV, so that it looks like a random version-4
 * UUID, nobody without `secret` can make or read one, and the far KM finds the key with no table.
 * @param secret the 32-byte ID secret that both KMAs hold for this pool, direction and epoch; only lent
 */
export function sealAddress(secret: Uint8Array, pair: ApplicationPair, address: KeyAddress): string {
  assert(address.number >= 0 && address.number <= limits.blockNumberMax, 'block number out of range');
  assert(address.index >= 0 && address.index < limits.blockUnitsMax, 'key index out of range');
  assert(address.bytes >= 1 && address.bytes <= limits.ksaKeyBytesMax, 'key size out of range');
  const plain =
    (BigInt(address.number) << (INDEX_BITS + SIZE_BITS)) |
    (BigInt(address.index) << SIZE_BITS) |
    BigInt(address.bytes - 1);
  const iv = syntheticIv(secret, pair, plain);
  return layOut((iv << ADDRESS_BITS) | (plain ^ mask(secret, iv)));
}

/** The address in `id`, or undefined when it was not sealed under `secret` for `pair`. */
export function openAddress(secret: Uint8Array, pair: ApplicationPair, id: string): KeyAddress | undefined {
  const bits = gather(id);
  if (bits === undefined) return undefined;
  const iv = bits >> ADDRESS_BITS;
  const plain = (bits & ADDRESS_MASK) ^ mask(secret, iv);
  if (!timingSafeEqual(eightBytes(iv), eightBytes(syntheticIv(secret, pair, plain)))) return undefined;
  return {
    number: Number(plain >> (INDEX_BITS + SIZE_BITS)),
    index: Number((plain >> SIZE_BITS) & ((1n << INDEX_BITS) - 1n)),
    bytes: Number(plain & ((1n << SIZE_BITS) - 1n)) + 1,
  };
}

function syntheticIv(
  secret: Uint8Array,
  { masterSaeId, slaveSaeId }: ApplicationPair,
  plain: bigint,
): bigint {
  const bound = bindTexts('keyferry/1 key ID authenticate', masterSaeId, slaveSaeId);
  return keyedHash(secret, Buffer.concat([bound, eightBytes(plain)])).readBigUInt64BE() & IV_MASK;
}

function mask(secret: Uint8Array, iv: bigint): bigint {
  const bound = bindTexts('keyferry/1 key ID encrypt');
  return keyedHash(secret, Buffer.concat([bound, eightBytes(iv)])).readBigUInt64BE() & ADDRESS_MASK;
}

function eightBytes(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes;
}

// RFC 9562 §5.4: 48 random bits, version 4, 12 random bits, variant 2, 62 random bits.
function layOut(bits: bigint): string {
  const bytes = Buffer.alloc(16);
  const high = bits >> 74n;
  const middle = (bits >> 62n) & 0xfffn;
  const low = bits & ((1n << 62n) - 1n);
  bytes.writeBigUInt64BE((high << 16n) | 0x4000n | middle, 0);
  bytes.writeBigUInt64BE((2n << 62n) | low, 8);
  return formatUuid(bytes);
}

function gather(id: string): bigint | undefined {
  const bytes = parseUuid(id);
  if (bytes === undefined) return undefined;
  const first = bytes.readBigUInt64BE(0);
  const second = bytes.readBigUInt64BE(8);
  if (((first >> 12n) & 0xfn) !== 4n || second >> 62n !== 2n) return undefined;
  return ((first >> 16n) << 74n) | ((first & 0xfffn) << 62n) | (second & ((1n << 62n) - 1n));
}
