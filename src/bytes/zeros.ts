/** Whether `bytes` holds nothing but zeros from `at` on, for `length` bytes. Tells at the first byte that is none: of key that is secret it tells no more than that. */
export function isZeros(bytes: Uint8Array, at: number, length: number): boolean {
  for (let i = at; i < at + length; i++) if (bytes[i] !== 0) return false;
  return true;
}
