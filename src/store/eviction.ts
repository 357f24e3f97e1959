import { limits } from '../limits.ts';
import type { Block } from './block.ts';
import type { Pool } from './pool.ts';

/**
 * Which blocks are to go so that there is room for more in one direction: of our own the oldest, of theirs only those from which their owner takes no more.
 * @param maxUnits of the direction
 * @returns undefined when there is no room and none can be made
 */
export function blocksToEvict(pool: Pool, own: boolean, maxUnits: number): Block[] | undefined {
  let units = own ? pool.held.own : pool.held.theirs;
  let blocks = pool.side(own).size;
  const isFull = () => units >= maxUnits || countsFor(blocks) >= maxUnits;
  if (!isFull()) return [];
  if (pool.policy.whenFull === 'refuse') return undefined;
  const going: Block[] = [];
  // In the order in which they came.
  for (const block of pool.side(own).values()) {
    if (!own && block.number >= pool.theirFloor) continue;
    going.push(block);
    units -= block.units;
    blocks -= 1;
    if (!isFull()) return going;
  }
  return undefined;
}

/** What so many blocks count for, however little key is in them: each costs memory, and whoever sends them could send ever smaller ones. */
function countsFor(blocks: number): number {
  return blocks < limits.poolBlocksFree ? 0 : blocks * limits.blockUnitsCounted;
}
