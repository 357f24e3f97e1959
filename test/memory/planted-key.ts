/** Reads 32 bytes of key from stdin and leaves them lying about in every form, as a careless program would. */
import { readSync } from 'node:fs';

const key = Buffer.alloc(32);
if (readSync(0, key) !== key.length) throw new Error('32 bytes of key on stdin');
const shifted = [0, 1, 2].map((before) => Buffer.concat([Buffer.alloc(before, 0xff), key]));
const wide = (text: string) => JSON.parse(`"\\u20ac${text}"`) as string;
const left = [
  key,
  Buffer.from(key).reverse(),
  key.toString('hex'),
  wide(key.toString('hex').toUpperCase()),
  ...shifted.map((bytes) => bytes.toString('base64')),
  ...shifted.map((bytes) => wide(bytes.toString('base64url'))),
];
process.stdout.write('planted\n');
setInterval(() => left, 1_000);
