import { randomFillSync, randomUUID } from 'node:crypto';
import type { Entropy } from '../env/entropy.ts';

/** The operating system's random source through OpenSSL's generator. */
export const systemEntropy: Entropy = {
  fill: (into) => {
    randomFillSync(into);
  },
  // Not from a cache of random bytes: the cache would sit in memory for no need of ours.
  uuid: () => randomUUID({ disableEntropyCache: true }),
};
