import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../config/schema.ts';
import { AgentError } from '../errors.ts';
import { systemDisk } from '../node/disk.ts';
import { systemEntropy } from '../node/entropy.ts';
import { loadNodeKey } from '../node/node-key.ts';
import type { SecretBytes } from '../secret/secret-bytes.ts';

/**
 * The node key for a command that only looks. The caller owns it.
 * @throws AgentError `host.store_salt_missing`, and what `loadNodeKey` throws
 */
export function nodeKeyToLook({ node_key, data_directory }: Config): SecretBytes {
  const salt = join(data_directory, 'node-key.salt');
  // It would be made anew, and a check makes nothing.
  if ('passphrase_file' in node_key && !existsSync(salt))
    throw new AgentError(
      'host.store_salt_missing',
      `there is no ${salt}: without it no passphrase gives the node key`,
      {
        fault: 'host',
        remedy:
          'Put it back from where the data directory was saved, or look without the node key: --no-key.',
      },
    );
  return loadNodeKey(systemDisk, node_key, data_directory, systemEntropy);
}
