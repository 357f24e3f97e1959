/** 16 bytes as a UUID in lower case (RFC 9562 §4). The bytes are an identifier, never key. */
export function formatUuid(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, 16).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** The 16 bytes of a UUID in either case; undefined when it is none. */
export function parseUuid(text: string): Buffer | undefined {
  return UUID.test(text) ? Buffer.from(text.replaceAll('-', ''), 'hex') : undefined;
}

/** The ID `by` places after `first`: the KMA-keys of a block have consecutive 128-bit IDs. `by` < 2^32. */
export function idAfter(first: Uint8Array, by: number): Buffer {
  const id = Buffer.from(first);
  let carry = by;
  for (let i = 15; i >= 0 && carry > 0; i--) {
    carry += id[i]!;
    id[i] = carry % 256;
    carry = Math.floor(carry / 256);
  }
  return id;
}
