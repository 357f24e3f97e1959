import { limits } from '../limits.ts';
import type { Block } from './block.ts';
import type { Pool } from './pool.ts';

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

/**
 * Which blocks are to go so that there is room for more in one direction: of our own the oldest, of theirs only those from which their owner takes no more.
 * @param maxUnits of the direction
 * @returns undefined when there is no room and none can be made
 */
export function blocksToEvict(pool: Pool, own: boolean, maxUnits: number): Block[] | undefined {
  let excess = (own ? pool.held.own : pool.held.theirs) - maxUnits;
  if (excess < 0) return [];
  if (pool.policy.whenFull === 'refuse') return undefined;
  const going: Block[] = [];
  // In the order in which they came.
  for (const block of pool.side(own).values()) {
    if (block.state !== 'ready' || (!own && block.number >= pool.theirFloor)) continue;
    going.push(block);
    excess -= block.units;
    if (excess < 0) return going;
  }
  return undefined;
}
