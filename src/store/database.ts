import { chmodSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { syncDirectory } from '../disk/durable.ts';
import type { Entropy } from '../env/entropy.ts';
import { AgentError, messageOf } from '../errors.ts';
import type { SecretBytes } from '../secret/secret-bytes.ts';
import { FORMAT, SCHEMA } from './schema.ts';
import { Sealer } from './seal.ts';
import { StoreKeyFile } from './store-key.ts';
import { upgrade } from './upgrade.ts';

/** A database that is open, and what seals and opens its records. */
export type OpenDatabase = {
  readonly db: DatabaseSync;
  readonly sealer: Sealer;
  readonly keys: StoreKeyFile;
  /** It was made just now. */
  readonly fresh: boolean;
};

/** The files of a store beside its database. */
export function filesBeside(path: string): { readonly keys: string; readonly blocks: string } {
  const stem = path.replace(/\.sqlite$/, '');
  return { keys: `${stem}.sealing`, blocks: `${stem}.blocks` };
}

/**
 * Opens (or makes) the store's database: write-ahead log, freed pages overwritten, one process at a time. SQLite syncs at checkpoints;
 * the log is synced after each transaction by GroupCommit.
 * @throws AgentError `host.store_locked`, `host.store_unusable`, `host.store_format`, `host.store_key_missing`, `configuration.wrong_node_key`,
 * `configuration.store_of_other_node`
 */
export function openDatabase(
  path: string,
  kmaId: string,
  nodeKey: SecretBytes,
  entropy: Entropy,
): OpenDatabase {
  const db = connect(path);
  const keys = new StoreKeyFile(filesBeside(path).keys, entropy);
  try {
    db.exec('BEGIN IMMEDIATE');
    const made = db.prepare("SELECT count(*) AS n FROM sqlite_schema WHERE name = 'meta'").get();
    const fresh = made?.['n'] === 0;
    if (fresh) create(db, kmaId, keys, nodeKey, entropy);
    verify(db, kmaId);
    if (readMeta(db, 'format') !== String(FORMAT)) upgrade(db, { nodeKey, keys, entropy });
    const { key } = keys.open(readMeta(db, 'store_key') ?? '', nodeKey);
    db.exec('COMMIT');
    syncDirectory(dirname(path));
    return { db, sealer: new Sealer(key, entropy), keys, fresh };
  } catch (thrown) {
    db.close();
    throw thrown instanceof AgentError ? thrown : unusable(path, thrown);
  }
}

export function readMeta(db: DatabaseSync, name: string): string | undefined {
  const row = db.prepare('SELECT value FROM meta WHERE name = ?').get(name);
  return row?.['value'] as string | undefined;
}

function connect(path: string): DatabaseSync {
  try {
    const db = new DatabaseSync(path, { timeout: 0 });
    chmodSync(path, 0o600);
    db.exec(
      `PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA secure_delete = ON;
       PRAGMA foreign_keys = OFF; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA journal_size_limit = 67108864;`,
    );
    return db;
  } catch (thrown) {
    throw unusable(path, thrown);
  }
}

function unusable(path: string, cause: unknown): AgentError {
  if (/locked|busy/.test(messageOf(cause))) {
    return new AgentError('host.store_locked', `another process holds the key store ${path}`, {
      fault: 'host',
      remedy: 'Stop the other keyferry of this data directory, or give this one a data_directory of its own.',
      cause,
    });
  }
  return new AgentError('host.store_unusable', `the key store ${path} cannot be used: ${messageOf(cause)}`, {
    fault: 'host',
    remedy: 'Check the disk (space, permissions, read-only mount), then start again.',
    cause,
  });
}

function create(
  db: DatabaseSync,
  kmaId: string,
  keys: StoreKeyFile,
  nodeKey: SecretBytes,
  entropy: Entropy,
): void {
  db.exec(SCHEMA);
  const { id, key } = keys.create(nodeKey);
  key.wipe();
  const put = db.prepare('INSERT INTO meta VALUES (?, ?)');
  put.run('format', String(FORMAT));
  put.run('kma_id', kmaId);
  put.run('store_id', entropy.uuid());
  put.run('store_key', id);
}

function verify(db: DatabaseSync, kmaId: string): void {
  const format = Number(readMeta(db, 'format'));
  if (!Number.isInteger(format) || format < 1 || format > FORMAT) {
    throw new AgentError(
      'host.store_format',
      `the store has format ${readMeta(db, 'format')}, this keyferry reads 1 to ${FORMAT}`,
      {
        fault: 'host',
        remedy: 'Run the version of keyferry that made the store, or start with an empty data directory.',
      },
    );
  }
  const owner = readMeta(db, 'kma_id');
  if (owner !== kmaId) {
    throw new AgentError(
      'configuration.store_of_other_node',
      `the store belongs to KMA ${owner}, not ${kmaId}`,
      {
        fault: 'configuration',
        remedy: 'Correct kma_id or data_directory: key of another node must never be used here.',
      },
    );
  }
}
