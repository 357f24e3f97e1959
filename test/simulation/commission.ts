import { dirname, join } from 'node:path';
import { zeroizeDisk } from '../../src/agent/zeroize.ts';
import type { Config } from '../../src/config/schema.ts';
import type { Clock } from '../../src/env/clock.ts';
import type { Disk } from '../../src/env/disk.ts';
import type { Entropy } from '../../src/env/entropy.ts';
import { commissionNodeKey } from '../../src/node/node-key.ts';
import { clearZeroized, readZeroized } from '../../src/node/zeroized-mark.ts';
import { violate } from './key-ledger.ts';

/** What an operator needs of a node whose agent does not run. */
export type Bench = {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly config: Config;
};

/**
 * What an operator does who finds a node zeroized, or in the middle of that, and puts it into service again as an empty one.
 * @param done the agent said that all is destroyed
 */
export function commission({ disk, clock, entropy, config }: Bench, done: boolean): void {
  const { data_directory, node_key } = config;
  if (done) assertGone(disk, config);
  else zeroizeDisk({ clock, disk }, config, 'a drill');
  commissionNodeKey(disk, node_key, entropy);
  clearZeroized(disk, data_directory);
}

// Whatever happened to the power since.
function assertGone(disk: Disk, { data_directory, node_key }: Config): void {
  const path = 'file' in node_key ? node_key.file : dirname(data_directory);
  for (const file of [path, join(data_directory, 'keys.sealing')])
    if (disk.existsSync(file)) violate('what was zeroized is gone', `${file} is there`);
  if (readZeroized(disk, data_directory) === undefined)
    violate('what was zeroized is gone', 'the node does not know that it was zeroized');
}
