const DIGITS = Buffer.from('0123456789abcdef');
/** What each character code below 256 stands for as a hexadecimal digit; 255 for none. */
const VALUES = new Uint8Array(256).fill(0xff);
for (let value = 0; value < 16; value++) {
  VALUES[DIGITS[value]!] = value;
  VALUES['0123456789ABCDEF'.charCodeAt(value)] = value;
}
const HYPHEN = 0x2d;
const text = Buffer.alloc(36, HYPHEN);

// Every key that is supplied has its ID read and written some times: by tables, this takes a fifth of the time that expressions and Buffers do.

/** 16 bytes as a UUID in lower case (RFC 9562 §4). The bytes are an identifier, never key. */
export function formatUuid(bytes: Uint8Array): string {
  let at = 0;
  for (let i = 0; i < 16; i++) {
    if (isGroup(i)) at++;
    text[at++] = DIGITS[bytes[i]! >> 4]!;
    text[at++] = DIGITS[bytes[i]! & 15]!;
  }
  return text.toString('latin1');
}

/** Reads a UUID in either case into 16 bytes of the caller's. @returns false when it is none: then they may hold anything */
export function readUuid(uuid: string, into: Uint8Array): boolean {
  if (uuid.length !== 36) return false;
  let at = 0;
  for (let i = 0; i < 16; i++) {
    if (isGroup(i) && uuid.charCodeAt(at++) !== HYPHEN) return false;
    const high = VALUES[uuid.charCodeAt(at++)] ?? 0xff;
    const low = VALUES[uuid.charCodeAt(at++)] ?? 0xff;
    if ((high | low) > 15) return false;
    into[i] = (high << 4) | low;
  }
  return true;
}

const scratch = new Uint8Array(16);

/** Whether a text is a UUID, in either case. */
export function isUuid(uuid: string): boolean {
  return readUuid(uuid, scratch);
}

/** The 16 bytes of a UUID in either case; undefined when it is none. */
export function parseUuid(uuid: string): Buffer | undefined {
  const bytes = Buffer.alloc(16);
  return readUuid(uuid, bytes) ? bytes : undefined;
}

// A hyphen stands before the fifth, seventh, ninth and eleventh byte.
function isGroup(byte: number): boolean {
  return byte === 4 || byte === 6 || byte === 8 || byte === 10;
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
