import { existsSync } from 'node:fs';
import type { Config } from '../config/schema.ts';
import { systemDisk } from '../node/disk.ts';
import { systemEntropy } from '../node/entropy.ts';
import { loadNodeKey } from '../node/node-key.ts';
import { saltMissing, saltPath } from '../node/node-key-salt.ts';
import type { SecretBytes } from '../secret/secret-bytes.ts';

/**
 * The node key for a command that only looks. The caller owns it.
 * @throws AgentError `host.store_salt_missing`, and what `loadNodeKey` throws
 */
export function nodeKeyToLook({ node_key, data_directory }: Config): SecretBytes {
  // It would be made anew, and a check makes nothing.
  const salt = saltPath(data_directory);
  if ('passphrase_file' in node_key && !existsSync(salt))
    throw saltMissing(salt, ', or look without the node key: --no-key');
  return loadNodeKey(systemDisk, node_key, data_directory, systemEntropy);
}
