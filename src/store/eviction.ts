import { limits } from '../limits.ts';
import type { Block } from './block.ts';
import type { Pool } from './pool.ts';

/**
 * Which blocks are to go so that there is room for more in one direction: those that are no use to anybody, and with `oldest_first` of our own
 * the oldest, of theirs those from which their owner takes no more.
 * @param maxUnits of the direction
 * @param useless whether a block may go whatever the policy
 * @returns undefined when there is no room and none can be made
 */
export function blocksToEvict(
  pool: Pool,
  own: boolean,
  maxUnits: number,
  useless?: (block: Block) => boolean,
): Block[] | undefined {
  let units = pool.held[own ? 'own' : 'theirs'];
  let blocks = pool.side(own).size;
  const isFull = () => units >= maxUnits || countsFor(blocks) >= maxUnits;
  const oldest = ({ number }: Block) => own || number < pool.theirFloor;
  const rules = [useless, pool.policy.whenFull === 'oldest_first' ? oldest : undefined];
  const going = new Set<Block>();
  for (const mayGo of rules) {
    if (mayGo === undefined) continue;
    // In the order in which they came.
    for (const block of pool.side(own).values()) {
      if (!isFull()) break;
      if (going.has(block) || !mayGo(block)) continue;
      going.add(block);
      units -= block.units;
      blocks -= 1;
    }
  }
  return isFull() ? undefined : [...going];
}

/** What so many blocks count for, however little key is in them: each costs memory, and whoever sends them could send ever smaller ones. */
function countsFor(blocks: number): number {
  return blocks < limits.poolBlocksFree ? 0 : blocks * limits.blockUnitsCounted;
}
