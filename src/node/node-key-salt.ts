import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { nodeKeySalt } from '../config/node-key-schema.ts';
import { syncDirectory } from '../disk/durable.ts';
import type { Disk } from '../env/disk.ts';
import type { Entropy } from '../env/entropy.ts';
import { AgentError, messageOf } from '../errors.ts';

export function saltPath(dataDirectory: string): string {
  return join(dataDirectory, nodeKeySalt.file);
}

/**
 * The salt of the passphrase; made where the node has none and no store either. One that is there stays, whatever it is: what it once gave a key
 * for could not be opened with another.
 * @throws AgentError `host.store_salt_missing`, `host.store_salt_damaged`, `host.store_salt_failed`
 */
export function readOrMakeSalt(disk: Disk, dataDirectory: string, entropy: Entropy): Buffer {
  const path = saltPath(dataDirectory);
  if (!disk.existsSync(path)) {
    if (disk.existsSync(join(dataDirectory, 'keys.sqlite'))) throw saltMissing(path);
    makeSalt(disk, dataDirectory, path, entropy);
  }
  const salt = readSalt(disk, path);
  if (salt.length !== nodeKeySalt.bytes) throw damaged(path, salt.length);
  return salt;
}

/** A store is there, or is only looked at, and its salt is not. */
export function saltMissing(path: string, otherwise = ''): AgentError {
  const message = `there is no ${path}: without it no passphrase gives the node key`;
  const remedy = `Put it back from where the data directory was saved${otherwise}.`;
  return new AgentError('host.store_salt_missing', message, { fault: 'host', remedy });
}

function makeSalt(disk: Disk, dataDirectory: string, path: string, entropy: Entropy): void {
  try {
    placeSalt(disk, path, entropy);
    syncDirectory(disk, dataDirectory);
  } catch (thrown) {
    throw failed(`${path} cannot be made`, thrown);
  }
}

/** Whole or not at all, and never in the place of another: a link, unlike a renaming, takes no name that is taken. */
function placeSalt(disk: Disk, path: string, entropy: Entropy): void {
  const fresh = `${path}.${randomUUID()}.new`;
  const bytes = Buffer.alloc(nodeKeySalt.bytes);
  entropy.fill(bytes);
  try {
    disk.writeFileSync(fresh, bytes, { flag: 'wx', mode: 0o600, flush: true });
    disk.linkSync(fresh, path);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown;
  } finally {
    disk.rmSync(fresh, { force: true });
  }
}

function readSalt(disk: Disk, path: string): Buffer {
  try {
    return disk.readFileSync(path);
  } catch (thrown) {
    throw failed(`${path} cannot be read`, thrown);
  }
}

function damaged(path: string, bytes: number): AgentError {
  const message = `${path} has ${bytes} bytes in place of ${nodeKeySalt.bytes}: no passphrase gives the node key with it`;
  const remedy =
    'Put it back from where the data directory was saved; where there is no keys.sqlite beside it, remove it, and the next start makes another.';
  return new AgentError('host.store_salt_damaged', message, { fault: 'host', remedy });
}

function failed(what: string, cause: unknown): AgentError {
  return new AgentError('host.store_salt_failed', `${what}: ${messageOf(cause)}`, {
    fault: 'host',
    remedy:
      'See that data_directory can be read and written by the agent, and that its disk is well and has room.',
    cause,
  });
}
