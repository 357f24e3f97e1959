import type { Command } from 'commander';
import { loadConfig } from '../config/load.ts';
import { systemDisk } from '../node/disk.ts';
import { systemEntropy } from '../node/entropy.ts';
import { commissionNodeKey } from '../node/node-key.ts';
import { clearZeroized, readZeroized } from '../node/zeroized-mark.ts';

/** `keyferry commission`: puts a node that was zeroized into service again. */
export function register(program: Command): void {
  program
    .command('commission')
    .summary('put a zeroized node into service again')
    .description(
      [
        'Lets the agent of a node that was zeroized start again, with an empty store. Where the node key is a file and the file is gone, a new one is made; a',
        'credential or a passphrase is yours to provide.',
      ].join('\n'),
    )
    .argument('<CONFIG>', 'the configuration file')
    .addHelpText('after', '\nExit code: 0 the node may start (be it that it was not zeroized), 1 failed.')
    .action((file: string) => {
      const config = loadConfig(file);
      const why = readZeroized(systemDisk, config.data_directory);
      const made = commissionNodeKey(systemDisk, config.node_key, systemEntropy);
      if (made !== undefined) process.stdout.write(`made a new node key: ${made}\n`);
      clearZeroized(systemDisk, config.data_directory);
      process.stdout.write(
        why === undefined
          ? 'this node was not zeroized\n'
          : `this node was zeroized: ${why}\nit may start again, with an empty store\n`,
      );
    });
}
