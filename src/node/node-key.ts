import { argon2Sync } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Entropy } from '../env/entropy.ts';
import { AgentError } from '../errors.ts';
import { SecretBytes } from '../secret/secret-bytes.ts';
import { readKeyFile, readSecretFile } from './key-file.ts';

export type NodeKeySource =
  | { readonly file: string }
  | { readonly passphrase_file: string }
  | { readonly credential: string };

const KEY_BYTES = 32;

/**
 * The node key, 32 bytes, from where the configuration says. The caller owns it.
 * @param dataDirectory holds the salt of a passphrase
 * @throws AgentError with fault `configuration`
 */
export function loadNodeKey(source: NodeKeySource, dataDirectory: string, entropy: Entropy): SecretBytes {
  if ('passphrase_file' in source) return fromPassphrase(source.passphrase_file, dataDirectory, entropy);
  if ('file' in source) return readKeyFile(source.file, 'node_key');
  const directory = process.env['CREDENTIALS_DIRECTORY'];
  if (directory === undefined) {
    throw fault(
      'configuration.no_credentials',
      'the node key is a systemd credential, but systemd gave none',
      `Start the agent as a unit with LoadCredential=${source.credential}:PATH.`,
    );
  }
  return readKeyFile(join(directory, source.credential), 'node_key');
}

function fromPassphrase(path: string, dataDirectory: string, entropy: Entropy): SecretBytes {
  const bytes = readSecretFile(path, 'node_key');
  try {
    const newline = bytes.indexOf(0x0a);
    const message = newline < 0 ? bytes : bytes.subarray(0, newline);
    if (message.length === 0)
      throw fault(
        'configuration.passphrase_empty',
        `${path} has no passphrase in its first line`,
        'Write one.',
      );
    const nonce = salt(join(dataDirectory, 'node-key.salt'), entropy);
    // RFC 9106 §4, second recommended option: 64 MiB, three passes, four lanes.
    const parameters = { message, nonce, parallelism: 4, tagLength: KEY_BYTES, memory: 65_536, passes: 3 };
    return SecretBytes.adopt(argon2Sync('argon2id', parameters));
  } finally {
    bytes.fill(0);
  }
}

function salt(path: string, entropy: Entropy): Buffer {
  try {
    const fresh = Buffer.alloc(16);
    entropy.fill(fresh);
    writeFileSync(path, fresh, { flag: 'wx', mode: 0o600, flush: true });
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown;
  }
  return readFileSync(path);
}

function fault(code: string, message: string, remedy: string): AgentError {
  return new AgentError(code, message, { fault: 'configuration', remedy });
}
