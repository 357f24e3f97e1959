import { argon2Sync } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Entropy } from '../env/entropy.ts';
import { AgentError } from '../errors.ts';
import { SecretBytes } from '../secret/secret-bytes.ts';

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
  if ('file' in source) return fromFile(source.file);
  const directory = process.env['CREDENTIALS_DIRECTORY'];
  if (directory === undefined) {
    throw fault(
      'configuration.no_credentials',
      'the node key is a systemd credential, but systemd gave none',
      `Start the agent as a unit with LoadCredential=${source.credential}:PATH.`,
    );
  }
  return fromFile(join(directory, source.credential));
}

function fromFile(path: string): SecretBytes {
  const bytes = read(path);
  try {
    if (bytes.length === KEY_BYTES) return SecretBytes.copyOf(bytes);
    const key = SecretBytes.alloc(KEY_BYTES);
    if (!decodeHex(bytes, key.view())) {
      key.wipe();
      throw fault(
        'configuration.node_key_size',
        `${path} holds neither 32 bytes nor 64 hexadecimal digits`,
        `Make one with: (umask 077; head -c 32 /dev/urandom > ${path})`,
      );
    }
    return key;
  } finally {
    bytes.fill(0);
  }
}

// 64 digits and at most one newline; byte by byte, since a string could not be wiped.
function decodeHex(text: Buffer, into: Buffer): boolean {
  const end = text.at(-1) === 0x0a ? text.length - 1 : text.length;
  if (end !== KEY_BYTES * 2) return false;
  for (let i = 0; i < KEY_BYTES; i++) {
    const high = digit(text[2 * i]!);
    const low = digit(text[2 * i + 1]!);
    if (high < 0 || low < 0) return false;
    into[i] = (high << 4) | low;
  }
  return true;
}

function digit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

function fromPassphrase(path: string, dataDirectory: string, entropy: Entropy): SecretBytes {
  const bytes = read(path);
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

function read(path: string): Buffer {
  try {
    if ((statSync(path).mode & 0o077) !== 0) {
      throw fault(
        'configuration.node_key_readable',
        `${path} can be read by others than its owner`,
        `Run: chmod 600 ${path}`,
      );
    }
    return readFileSync(path);
  } catch (cause) {
    if (cause instanceof AgentError) throw cause;
    throw fault(
      'configuration.node_key_unreadable',
      `${path} cannot be read`,
      'Correct node_key, or make the file readable to the agent.',
      cause,
    );
  }
}

function fault(code: string, message: string, remedy: string, cause?: unknown): AgentError {
  return new AgentError(code, message, { fault: 'configuration', remedy, cause });
}
