import sodium from 'sodium-native';
import type { Entropy } from '../env/entropy.ts';
import { formatUuid } from '../keys/uuid.ts';

/** The operating system's random source (getrandom), through libsodium: many times quicker for a few bytes than node:crypto. */
export const systemEntropy: Entropy = {
  fill: (into) => {
    sodium.randombytes_buf(into as Buffer);
  },
  uuid: () => {
    const bytes = Buffer.alloc(16);
    sodium.randombytes_buf(bytes);
    // RFC 9562 §5.4: version 4, variant 2.
    bytes[6] = (bytes[6]! & 0x0f) | 0x40;
    bytes[8] = (bytes[8]! & 0x3f) | 0x80;
    return formatUuid(bytes);
  },
};
