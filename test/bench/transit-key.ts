import { createCipheriv } from 'node:crypto';
import { limits } from '../../src/limits.ts';

/** A link block as long as one may be, the same in every process that asks for its number. */
export function linkBlock(number: number): Buffer {
  const iv = Buffer.alloc(16);
  iv.writeUInt32BE(number, 0);
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16, 'transit bench'), iv);
  return cipher.update(Buffer.alloc(limits.blockBytesMax));
}

/** Messages whose pad lies in one block. */
export function messagesPerBlock(keys: number): number {
  return Math.floor(limits.blockUnitsMax / (keys + 1));
}
