import { argon2Sync } from 'node:crypto';
import { dirname, join } from 'node:path';
import { overwriteAndRemove, syncDirectory } from '../disk/durable.ts';
import type { Disk } from '../env/disk.ts';
import type { Entropy } from '../env/entropy.ts';
import { AgentError, messageOf } from '../errors.ts';
import { SecretBytes } from '../secret/secret-bytes.ts';
import { readKeyFile, readSecretFile } from './key-file.ts';
import { readOrMakeSalt, saltPath } from './node-key-salt.ts';

export type NodeKeySource =
  | { readonly file: string }
  | { readonly passphrase_file: string }
  | { readonly credential: string };

const KEY_BYTES = 32;

/**
 * The node key, 32 bytes, from where the configuration says. The caller owns it.
 * @param dataDirectory holds the salt of a passphrase
 * @throws AgentError with fault `configuration`, `host.store_salt_…`
 */
export function loadNodeKey(
  disk: Disk,
  source: NodeKeySource,
  dataDirectory: string,
  entropy: Entropy,
): SecretBytes {
  if ('passphrase_file' in source)
    return fromPassphrase(disk, source.passphrase_file, dataDirectory, entropy);
  if ('file' in source) return readKeyFile(disk, source.file, 'node_key');
  const directory = process.env['CREDENTIALS_DIRECTORY'];
  if (directory === undefined) {
    throw fault(
      'configuration.no_credentials',
      'the node key is a systemd credential, but systemd gave none',
      `Start the agent as a unit with LoadCredential=${source.credential}:PATH.`,
    );
  }
  return readKeyFile(disk, join(directory, source.credential), 'node_key', 'systemd');
}

/**
 * A node key that is to come, 32 bytes, from a file as `source` would have it: a key, or a passphrase. The caller owns it.
 * @throws AgentError with fault `configuration`, `host.store_salt_…`
 */
export function readNewNodeKey(
  disk: Disk,
  source: NodeKeySource,
  path: string,
  dataDirectory: string,
  entropy: Entropy,
): SecretBytes {
  return 'passphrase_file' in source
    ? fromPassphrase(disk, path, dataDirectory, entropy)
    : readKeyFile(disk, path, 'node_key');
}

/**
 * Destroys the node key as far as it is this node's to destroy: a key file is overwritten and removed, and so is the salt of a passphrase, without
 * which the passphrase gives no key.
 * @returns what was done, for people
 * @throws AgentError `host.node_key_left`
 */
export function destroyNodeKey(disk: Disk, source: NodeKeySource, dataDirectory: string): string {
  if ('credential' in source)
    return `the credential ${source.credential} belongs to systemd: remove it by hand; it opens nothing once the store's own key is destroyed`;
  const path = 'file' in source ? source.file : saltPath(dataDirectory);
  const name = 'file' in source ? path : `the salt of the passphrase (${path})`;
  try {
    return overwriteAndRemove(disk, path) ? `${name} was overwritten and removed` : `${name} was not there`;
  } catch (cause) {
    const message = `${name} could not be removed: ${messageOf(cause)}`;
    const remedy =
      "Remove it by hand: it opens nothing once the store's own key is destroyed, and is not to be a key again.";
    throw new AgentError('host.node_key_left', message, { fault: 'host', remedy, cause });
  }
}

/**
 * A node key for a node that has none: where it is a file that is not there, or that a zeroization has emptied and could not remove, it is made.
 * @returns the path of what was made
 * @throws AgentError `host.node_key_failed`
 */
export function commissionNodeKey(disk: Disk, source: NodeKeySource, entropy: Entropy): string | undefined {
  if (!('file' in source)) return undefined;
  const isEmpty = disk.existsSync(source.file) && disk.statSync(source.file).size === 0;
  const bytes = Buffer.alloc(KEY_BYTES);
  try {
    entropy.fill(bytes);
    disk.writeFileSync(source.file, bytes, { flag: isEmpty ? 'r+' : 'wx', mode: 0o600, flush: true });
    syncDirectory(disk, dirname(source.file));
    return source.file;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'EEXIST') return undefined;
    throw new AgentError('host.node_key_failed', `${source.file} cannot be made: ${messageOf(thrown)}`, {
      fault: 'host',
      remedy: 'Make its directory, for the user that runs the agent alone, or correct node_key.file.',
      cause: thrown,
    });
  } finally {
    bytes.fill(0);
  }
}

function fromPassphrase(disk: Disk, path: string, dataDirectory: string, entropy: Entropy): SecretBytes {
  const bytes = readSecretFile(disk, path, 'node_key');
  try {
    const newline = bytes.indexOf(0x0a);
    const message = newline < 0 ? bytes : bytes.subarray(0, newline);
    if (message.length === 0)
      throw fault(
        'configuration.passphrase_empty',
        `${path} has no passphrase in its first line`,
        'Write one.',
      );
    const nonce = readOrMakeSalt(disk, dataDirectory, entropy);
    // RFC 9106 §4, second recommended option: 64 MiB, three passes, four lanes.
    const parameters = { message, nonce, parallelism: 4, tagLength: KEY_BYTES, memory: 65_536, passes: 3 };
    return SecretBytes.moved(argon2Sync('argon2id', parameters));
  } finally {
    bytes.fill(0);
  }
}

function fault(code: string, message: string, remedy: string): AgentError {
  return new AgentError(code, message, { fault: 'configuration', remedy });
}
