import { join } from 'node:path';
import type { Command } from 'commander';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { AgentError, messageOf } from '../errors.ts';
import { becomeOwnerOf } from '../node/become-owner.ts';
import { systemDisk } from '../node/disk.ts';
import { systemEntropy } from '../node/entropy.ts';
import { commissionNodeKey } from '../node/node-key.ts';
import { clearZeroized, readZeroized } from '../node/zeroized-mark.ts';
import { discardStore } from '../store/rollback.ts';

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
    .addHelpText(
      'after',
      '\nRun it as the user that runs the agent, or as root: it goes on as the owner of the configuration or the data directory then.\nExit code: 0 the node may start (be it that it was not zeroized), 1 failed: it may not.',
    )
    .action((file: string) => {
      const config = loadConfig(file);
      const { data_directory: directory } = config;
      becomeOwnerOf(file, directory);
      const why = readZeroized(systemDisk, directory);
      const path = join(directory, 'keys.sqlite');
      // What a zeroization could not destroy is not to come back.
      if (why !== undefined) discard(path);
      else if (systemDisk.existsSync(path) && isMissing(config)) throw keyLost(path);
      const made = commissionNodeKey(systemDisk, config.node_key, systemEntropy);
      if (made !== undefined) process.stdout.write(`made a new node key: ${made}\n`);
      clearZeroized(systemDisk, directory);
      process.stdout.write(
        why === undefined
          ? 'this node was not zeroized\n'
          : `this node was zeroized: ${why}\nit may start again, with an empty store\n`,
      );
    });
}

function discard(path: string): void {
  try {
    discardStore(systemDisk, path);
  } catch (cause) {
    throw new AgentError(
      'host.store_left',
      `what is left of the store ${path} cannot be destroyed: ${messageOf(cause)}`,
      {
        fault: 'host',
        remedy: 'Remove keys.* from the data directory by hand, then run this again.',
        cause,
      },
    );
  }
}

function isMissing({ node_key }: Config): boolean {
  return 'file' in node_key && !systemDisk.existsSync(node_key.file);
}

function keyLost(path: string): AgentError {
  return new AgentError('configuration.node_key', `the node key is gone, and a store is there: ${path}`, {
    fault: 'configuration',
    remedy:
      'Put the node key back. If it is lost, so is what the store holds: keyferry zeroize --yes --config FILE, then this again.',
  });
}
