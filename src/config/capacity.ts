import { limits } from '../limits.ts';
import { plainKmas } from './plain-kmas.ts';
import type { Config } from './schema.ts';

/** What a store takes beside the key itself: places that are free for now, rows of blocks that were. Seen: a seventh. */
const BESIDE = 1.25;
/** The write-ahead log, at most. */
const LOG_BYTES = 70e6;

export type Capacity = {
  /** Pools that a node may have: with neighbours, ends of routes, and others that are named. */
  readonly pools: number;
  /** What the store may take on the disk when all of them are full, about. */
  readonly storeBytes: number;
};

/** How much of a disk a node with this configuration may fill. */
export function capacityOf(config: Config): Capacity {
  const remotes = new Set([
    ...config.kx.peers.map(({ kma_id }) => kma_id),
    ...config.kx.routes.map(({ destination }) => destination),
    ...config.pools.map(({ kma_id }) => kma_id),
    ...plainKmas(config),
  ]);
  const most = new Map(config.pools.map(({ kma_id, max_keys }) => [kma_id, max_keys * limits.unitBytes]));
  const bytes = [...remotes].reduce((sum, remote) => sum + (most.get(remote) ?? limits.poolBytesUsual), 0);
  return { pools: remotes.size, storeBytes: Math.ceil(bytes * BESIDE + LOG_BYTES) };
}
