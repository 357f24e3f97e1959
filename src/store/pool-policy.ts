import { limits } from '../limits.ts';

/** How long and how much key of one pool is kept. The two ends should be set alike: the other end keeps key of ours an hour longer. */
export type PoolPolicy = {
  /** KMA-keys, of both directions together. */
  readonly maxUnits: number;
  readonly ownLifetimeMs: number;
  /** What a full direction does with new key: give it up, or make room by destroying what is oldest. */
  readonly whenFull: 'refuse' | 'oldest_first';
};

export const usualPolicy: PoolPolicy = {
  maxUnits: limits.poolBytesUsual / limits.unitBytes,
  ownLifetimeMs: limits.ownKeyLifetimeMs,
  whenFull: 'refuse',
};

/** How long key is kept from which the other end takes: a little longer, for what it took in its last minute. */
export function lifetimeMs({ ownLifetimeMs }: PoolPolicy, own: boolean): number {
  return own ? ownLifetimeMs : ownLifetimeMs + limits.theirKeyExtraMs;
}
