import { blake2b } from './naive-blake2b.ts';

/**
 * The Kx wire once more, as plainly as it can be said and with nothing of ours in it: what the golden vectors are made with and
 * what the real code is held against. Poly1305 is RFC 8439 §2.5.1 in whole numbers.
 */
const P = (1n << 130n) - 5n;

export function poly1305(key: Uint8Array, message: Uint8Array): Buffer {
  const r = littleEndian(key.subarray(0, 16)) & 0x0ffffffc0ffffffc0ffffffc0fffffffn;
  const s = littleEndian(key.subarray(16, 32));
  let sum = 0n;
  for (let at = 0; at < message.length; at += 16) {
    const block = message.subarray(at, at + 16);
    sum = ((sum + littleEndian(block) + (1n << BigInt(8 * block.length))) * r) % P;
  }
  return toLittleEndian((sum + s) % (1n << 128n), 16);
}

function littleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}

function toLittleEndian(value: bigint, length: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, i) => Number((value >> BigInt(8 * i)) & 255n)));
}

/** `LENGTH:TEXT,` for each text, the length in bytes. */
export function texts(...all: readonly string[]): Buffer {
  return Buffer.concat(
    all.map((text) => {
      const bytes = Buffer.from(text, 'utf8');
      return Buffer.concat([Buffer.from(`${bytes.length}:`), bytes, Buffer.from(',')]);
    }),
  );
}

export function header(messageId: number, command: number, length: number): Buffer {
  const hex = (value: number, digits: number) => value.toString(16).padStart(digits, '0');
  return Buffer.from(`0001${hex(messageId, 8)}${hex(command, 4)}${hex(length, 4)}`, 'hex');
}

export function frame(messageId: number, command: number, payload: string | Buffer): Buffer {
  const bytes = Buffer.from(payload);
  return Buffer.concat([header(messageId, command, bytes.length), bytes]);
}

export function xor(a: Uint8Array, b: Uint8Array): Buffer {
  return Buffer.from(a.map((byte, i) => byte ^ b[i]!));
}

export type Segments = readonly (readonly [number: number, index: number, units: number])[];

/** The frame with its hop entry, and the bytes that its tag authenticates. */
export function withHop(
  hop: { sender: string; receiver: string; segments: Segments; oneTimeKey: Buffer },
  messageId: number,
  command: number,
  prefix: string,
): { input: Buffer; tag: Buffer; frame: Buffer } {
  const payload = (tag: string) =>
    `${prefix}{"keyferry_hop":{"pad":${JSON.stringify(hop.segments)},"tag":"${tag}"}}]}`;
  const empty = frame(messageId, command, payload(Buffer.alloc(16).toString('base64')));
  const input = Buffer.concat([texts('keyferry/1 hop', hop.sender, hop.receiver), empty]);
  const tag = poly1305(hop.oneTimeKey, input);
  return { input, tag, frame: frame(messageId, command, payload(tag.toString('base64'))) };
}

/** What either proof of a link block authenticates. */
export function syncInput(
  role: string,
  sender: string,
  receiver: string,
  number: number,
  key: Buffer,
): Buffer {
  const text = texts(`keyferry/1 sync ${role}`, sender, receiver, `${number}`, `${key.length}`);
  return Buffer.concat([text, key.subarray(64)]);
}

export type Sealed = { plain: string; iv: string; mask: string; id: string };

/** A KSA-key's ID by strings of binary digits. @param forge what stands in place of the IV; all else is made to fit */
export function sealedId(
  secret: Buffer,
  master: string,
  slave: string,
  address: { number: number; index: number; bytes: number },
  forge = (iv: string) => iv,
): Sealed {
  const bits = (value: number, width: number) => value.toString(2).padStart(width, '0');
  const plain = bits(address.number, 38) + bits(address.index, 15) + bits(address.bytes - 1, 10);
  const bound = texts('keyferry/1 key ID authenticate', master, slave);
  const iv = forge(lastBits(blake2b(secret, Buffer.concat([bound, eightBytes(plain)]), 32), 59));
  const purpose = texts('keyferry/1 key ID encrypt');
  const mask = lastBits(blake2b(secret, Buffer.concat([purpose, eightBytes(iv)]), 32), 63);
  const hidden = [...plain].map((bit, i) => (bit === mask[i] ? '0' : '1')).join('');
  const all = iv + hidden;
  const uuid = `${all.slice(0, 48)}0100${all.slice(48, 60)}10${all.slice(60)}`;
  const hex = BigInt(`0b${uuid}`).toString(16).padStart(32, '0');
  const id = hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  return {
    plain: eightBytes(plain).toString('hex'),
    iv: eightBytes(iv).toString('hex'),
    mask: eightBytes(mask).toString('hex'),
    id,
  };
}

/** The last `count` bits of the first eight bytes. */
function lastBits(bytes: Buffer, count: number): string {
  const digits = [...bytes.subarray(0, 8)].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return digits.slice(64 - count);
}

function eightBytes(bits: string): Buffer {
  const hex = BigInt(`0b${bits}`).toString(16).padStart(16, '0');
  return Buffer.from(hex, 'hex');
}
