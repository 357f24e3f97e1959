import type { Block } from './block.ts';
import type { Pool } from './pool.ts';

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
