/** CRC-32C (Castagnoli, RFC 3720 Appendix B.4): reflected, initial value and final inversion 0xFFFFFFFF. */
const REFLECTED_POLYNOMIAL = 0x82f63b78;

const TABLE = new Uint32Array(256);
for (let i = 0; i < 256; i++) {
  let value = i;
  for (let bit = 0; bit < 8; bit++) {
    value = (value & 1) !== 0 ? (value >>> 1) ^ REFLECTED_POLYNOMIAL : value >>> 1;
  }
  TABLE[i] = value;
}

/** The CRC-32C of `bytes[start, end)` as an unsigned 32-bit number. Finds accidents, not attackers. */
export function crc32c(bytes: Uint8Array, start = 0, end = bytes.length): number {
  let value = 0xffffffff;
  for (let i = start; i < end; i++) value = TABLE[(value ^ bytes[i]!) & 255]! ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}
