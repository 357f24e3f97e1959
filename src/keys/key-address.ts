import { assert } from '../errors.ts';
import { limits } from '../limits.ts';
import { bindTexts } from './authenticator.ts';
import { keyedHashInto } from './keyed-hash.ts';
import { formatUuid, readUuid } from './uuid.ts';

/** Where a KSA-key lies: `bytes` bytes from KMA-key `index` on, in block `number` of its pool and direction. */
export type KeyAddress = { readonly number: number; readonly index: number; readonly bytes: number };

/** The two applications a KSA-key is for. An ID opens for this pair in this order and for no other. */
export type ApplicationPair = { readonly masterSaeId: string; readonly slaveSaeId: string };

// A version-4 UUID leaves 122 bits free: 63 for the address (38 of block number, 15 of index, 10 of size), and 59 that
// authenticate it. A guess is right once in 2^59, and every guess is a request over TLS. Both are held as two words, the
// upper one shorter, because arithmetic on BigInt would take most of the time.
type Words = { readonly high: number; readonly low: number };
const IV_HIGH_MASK = 0x07ff_ffff;
const ADDRESS_HIGH_MASK = 0x7fff_ffff;

/**
 * The ID of a KSA-key (GS QKD 014 §6.3: a UUID): the address under a synthetic IV, so that it looks like a random version-4
 * UUID, nobody without `secret` can make or read one, and the far KM finds the key with no table.
 * @param secret the 32-byte ID secret that both KMAs hold for this pool, direction and epoch; only lent
 */
export function sealAddress(secret: Uint8Array, pair: ApplicationPair, address: KeyAddress): string {
  const { number, index, bytes } = address;
  assert(number >= 0 && number <= limits.blockNumberMax, 'block number out of range');
  assert(index >= 0 && index < limits.blockUnitsMax, 'key index out of range');
  assert(bytes >= 1 && bytes <= limits.ksaKeyBytesMax, 'key size out of range');
  const low = (((number & 0x7f) << 25) | (index << 10) | (bytes - 1)) >>> 0;
  const plain = { high: Math.floor(number / 0x80), low };
  const iv = syntheticIv(secret, pair, plain);
  return layOut(iv, masked(secret, iv, plain));
}

/** The address in `id`, or undefined when it was not sealed under `secret` for `pair`. */
export function openAddress(secret: Uint8Array, pair: ApplicationPair, id: string): KeyAddress | undefined {
  const found = gather(id);
  if (found === undefined) return undefined;
  const plain = masked(secret, found.iv, found.sealed);
  const expected = syntheticIv(secret, pair, plain);
  // In constant time.
  if (((found.iv.high ^ expected.high) | (found.iv.low ^ expected.low)) !== 0) return undefined;
  return {
    number: plain.high * 0x80 + (plain.low >>> 25),
    index: (plain.low >>> 10) & 0x7fff,
    bytes: (plain.low & 0x3ff) + 1,
  };
}

function syntheticIv(secret: Uint8Array, pair: ApplicationPair, plain: Words): Words {
  if (pair.masterSaeId !== bound.masterSaeId || pair.slaveSaeId !== bound.slaveSaeId) bound = bind(pair);
  putWords(bound.input, bound.input.length - 8, plain);
  keyedHashInto(hash, secret, bound.input);
  return { high: hash.readUInt32BE(0) & IV_HIGH_MASK, low: hash.readUInt32BE(4) };
}

// Its own inverse.
function masked(secret: Uint8Array, iv: Words, text: Words): Words {
  putWords(MASK_INPUT, MASK_INPUT.length - 8, iv);
  keyedHashInto(hash, secret, MASK_INPUT);
  const high = (hash.readUInt32BE(0) & ADDRESS_HIGH_MASK) ^ text.high;
  return { high, low: (hash.readUInt32BE(4) ^ text.low) >>> 0 };
}

// What is hashed is laid out in place, with room for two words at the end: requests mostly come from the same pair as the last.
function bind({ masterSaeId, slaveSaeId }: ApplicationPair) {
  const texts = bindTexts('keyferry/1 key ID authenticate', masterSaeId, slaveSaeId);
  return { masterSaeId, slaveSaeId, input: Buffer.concat([texts, Buffer.alloc(8)]) };
}

let bound = bind({ masterSaeId: '', slaveSaeId: '' });
const MASK_INPUT = Buffer.concat([bindTexts('keyferry/1 key ID encrypt'), Buffer.alloc(8)]);
const hash = Buffer.alloc(32);
/** An ID that is being made or read. */
const laid = Buffer.alloc(16);

function putWords(target: Buffer, at: number, { high, low }: Words): void {
  target.writeUInt32BE(high, at);
  target.writeUInt32BE(low, at + 4);
}

// RFC 9562 §5.4: 48 random bits, version 4, 12 random bits, variant 2, 62 random bits. The IV fills the 48 and 11 of the 12.
function layOut(iv: Words, sealed: Words): string {
  laid.writeUIntBE(iv.high * 0x20_0000 + (iv.low >>> 11), 0, 6);
  laid.writeUInt16BE(0x4000 | ((iv.low & 0x7ff) << 1) | (sealed.high >>> 30), 6);
  laid.writeUInt32BE((0x8000_0000 | (sealed.high & 0x3fff_ffff)) >>> 0, 8);
  laid.writeUInt32BE(sealed.low, 12);
  return formatUuid(laid);
}

function gather(id: string): { readonly iv: Words; readonly sealed: Words } | undefined {
  if (!readUuid(id, laid)) return undefined;
  const middle = laid.readUInt16BE(6);
  const third = laid.readUInt32BE(8);
  if (middle >>> 12 !== 4 || third >>> 30 !== 2) return undefined;
  const upper = laid.readUIntBE(0, 6);
  const iv = {
    high: Math.floor(upper / 0x20_0000),
    low: (((upper % 0x20_0000) << 11) | ((middle >>> 1) & 0x7ff)) >>> 0,
  };
  return { iv, sealed: { high: ((middle & 1) << 30) | (third & 0x3fff_ffff), low: laid.readUInt32BE(12) } };
}
