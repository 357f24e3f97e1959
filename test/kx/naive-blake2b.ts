/** BLAKE2b with RFC 7693 in hand, in whole numbers. */
const IV = [
  0x6a09e667f3bcc908n,
  0xbb67ae8584caa73bn,
  0x3c6ef372fe94f82bn,
  0xa54ff53a5f1d36f1n,
  0x510e527fade682d1n,
  0x9b05688c2b3e6c1fn,
  0x1f83d9abfb41bd6bn,
  0x5be0cd19137e2179n,
];

const SIGMA = [
  [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
  [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
  [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
  [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
  [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
  [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
  [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
  [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
  [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
  [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
];

const word = (value: bigint) => value & 0xffff_ffff_ffff_ffffn;
const rotateRight = (value: bigint, by: bigint) => word((value >> by) | (value << (64n - by)));

export function blake2b(key: Uint8Array, message: Uint8Array, outputBytes: number): Buffer {
  const h = [...IV];
  h[0] = h[0]! ^ 0x01010000n ^ (BigInt(key.length) << 8n) ^ BigInt(outputBytes);
  const keyBlock = Buffer.alloc(key.length > 0 ? 128 : 0);
  keyBlock.set(key);
  const input = Buffer.concat([keyBlock, message]);
  const blocks = Math.max(1, Math.ceil(input.length / 128));
  for (let i = 0; i < blocks; i++) {
    const block = Buffer.alloc(128);
    block.set(input.subarray(i * 128, (i + 1) * 128));
    compress(h, block, BigInt(Math.min(input.length, (i + 1) * 128)), i === blocks - 1);
  }
  const output = Buffer.alloc(64);
  for (const [i, value] of h.entries()) output.writeBigUInt64LE(value, 8 * i);
  return output.subarray(0, outputBytes);
}

function compress(h: bigint[], block: Buffer, bytesSoFar: bigint, last: boolean): void {
  const m = Array.from({ length: 16 }, (_, i) => block.readBigUInt64LE(8 * i));
  const v = [...h, ...IV];
  v[12] = v[12]! ^ bytesSoFar;
  if (last) v[14] = word(~v[14]!);
  const mix = (a: number, b: number, c: number, d: number, x: bigint, y: bigint) => {
    v[a] = word(v[a]! + v[b]! + x);
    v[d] = rotateRight(v[d]! ^ v[a]!, 32n);
    v[c] = word(v[c]! + v[d]!);
    v[b] = rotateRight(v[b]! ^ v[c]!, 24n);
    v[a] = word(v[a]! + v[b]! + y);
    v[d] = rotateRight(v[d]! ^ v[a]!, 16n);
    v[c] = word(v[c]! + v[d]!);
    v[b] = rotateRight(v[b]! ^ v[c]!, 63n);
  };
  for (let round = 0; round < 12; round++) {
    const s = SIGMA[round % 10]!.map((i) => m[i]!);
    for (let i = 0; i < 4; i++) mix(i, 4 + i, 8 + i, 12 + i, s[2 * i]!, s[2 * i + 1]!);
    for (let i = 0; i < 4; i++)
      mix(i, 4 + ((i + 1) % 4), 8 + ((i + 2) % 4), 12 + ((i + 3) % 4), s[8 + 2 * i]!, s[9 + 2 * i]!);
  }
  for (let i = 0; i < 8; i++) h[i] = h[i]! ^ v[i]! ^ v[i + 8]!;
}
