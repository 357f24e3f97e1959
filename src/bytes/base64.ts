/** RFC 4648 §4 base64 (with padding) from bytes to bytes, so that key never passes through a string. */
const ENCODE = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/', 'latin1');
const PAD = 0x3d;
const BAD = 0xff;
const DECODE = new Uint8Array(256).fill(BAD);
for (let i = 0; i < 64; i++) DECODE[ENCODE[i]!] = i;

/** Letters, padding included, that `bytes` bytes take. */
export function base64Length(bytes: number): number {
  return Math.ceil(bytes / 3) * 4;
}

/** Writes `source` as base64 into `target` at `at`; returns the offset after it. `target` must have the room. */
export function writeBase64(source: Uint8Array, target: Uint8Array, at: number): number {
  const whole = source.length - (source.length % 3);
  let i = 0;
  for (; i < whole; i += 3) {
    const v = (source[i]! << 16) | (source[i + 1]! << 8) | source[i + 2]!;
    target[at++] = ENCODE[v >> 18]!;
    target[at++] = ENCODE[(v >> 12) & 63]!;
    target[at++] = ENCODE[(v >> 6) & 63]!;
    target[at++] = ENCODE[v & 63]!;
  }
  const rest = source.length - whole;
  if (rest === 0) return at;
  const v = (source[i]! << 16) | (rest === 2 ? source[i + 1]! << 8 : 0);
  target[at++] = ENCODE[v >> 18]!;
  target[at++] = ENCODE[(v >> 12) & 63]!;
  target[at++] = rest === 2 ? ENCODE[(v >> 6) & 63]! : PAD;
  target[at++] = PAD;
  return at;
}

/**
 * Bytes that `source[start, end)` decodes to, or -1 when it is not canonical padded base64 (wrong length, a foreign
 * letter, bits set that no byte uses).
 */
export function base64DecodedLength(source: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (length % 4 !== 0) return -1;
  if (length === 0) return 0;
  const padding = source[end - 1] !== PAD ? 0 : source[end - 2] !== PAD ? 1 : 2;
  for (let i = start; i < end - padding; i++) if (DECODE[source[i]!] === BAD) return -1;
  const last = DECODE[source[end - padding - 1]!]!;
  if (padding === 1 && (last & 3) !== 0) return -1;
  if (padding === 2 && (last & 15) !== 0) return -1;
  return (length / 4) * 3 - padding;
}

/** Decodes what `base64DecodedLength` accepted into `target` at `at`; returns the offset after it. */
export function readBase64(
  source: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  at: number,
): number {
  const padding = source[end - 1] !== PAD ? 0 : source[end - 2] !== PAD ? 1 : 2;
  const whole = end - (padding === 0 || end === start ? 0 : 4);
  let i = start;
  for (; i < whole; i += 4) {
    const v =
      (DECODE[source[i]!]! << 18) |
      (DECODE[source[i + 1]!]! << 12) |
      (DECODE[source[i + 2]!]! << 6) |
      DECODE[source[i + 3]!]!;
    target[at++] = v >> 16;
    target[at++] = (v >> 8) & 255;
    target[at++] = v & 255;
  }
  if (whole === end) return at;
  const v = (DECODE[source[i]!]! << 18) | (DECODE[source[i + 1]!]! << 12);
  target[at++] = v >> 16;
  if (padding === 1) target[at++] = ((v | (DECODE[source[i + 2]!]! << 6)) >> 8) & 255;
  return at;
}
