import { chmodSync, closeSync, fsyncSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { AgentError, messageOf } from '../errors.ts';
import type { SecretBytes } from '../secret/secret-bytes.ts';
import { FOREIGN_SCHEMA } from './foreign-schema.ts';
import type { Sealer } from './seal.ts';

const FORMAT = 2;
/** The format without keys of foreign KMs: brought up to date when the store is opened. */
const FORMAT_BEFORE = 1;

// Cursors and bitmaps stand apart from the sealed bytes, because changing a row rewrites all of it.
const SCHEMA = `
  CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE block (
    id INTEGER PRIMARY KEY,
    pool TEXT NOT NULL,
    own INTEGER NOT NULL,
    number INTEGER NOT NULL,
    origin TEXT NOT NULL,
    state TEXT NOT NULL,
    units INTEGER NOT NULL,
    first INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    UNIQUE (pool, own, number)
  ) STRICT;
  CREATE TABLE block_key (block INTEGER PRIMARY KEY, sealed BLOB NOT NULL) STRICT;
  CREATE TABLE burnt_to (block INTEGER PRIMARY KEY, unit INTEGER NOT NULL) STRICT;
  CREATE TABLE burnt_set (block INTEGER PRIMARY KEY, units BLOB NOT NULL) STRICT;
  CREATE TABLE burn_record (
    id INTEGER PRIMARY KEY, block INTEGER NOT NULL, from_unit INTEGER NOT NULL, to_unit INTEGER NOT NULL, at_ms INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX burn_record_block ON burn_record (block);
  CREATE TABLE id_secret (
    pool TEXT NOT NULL, own INTEGER NOT NULL, epoch INTEGER NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (pool, own, epoch)
  ) STRICT;
  CREATE TABLE counter (name TEXT PRIMARY KEY, upto INTEGER NOT NULL) STRICT, WITHOUT ROWID;
`;

const CHECK_PLACE = 'node key check';

/**
 * Opens (or makes) the store's database: write-ahead log, freed pages overwritten, one process at a time. SQLite syncs at checkpoints;
 * the log is synced after each transaction by GroupCommit.
 * @throws AgentError `host.store_locked`, `host.store_unusable`, `configuration.wrong_node_key`, `configuration.store_of_other_node`
 */
export function openDatabase(path: string, kmaId: string, sealer: Sealer, storeId: string): DatabaseSync {
  const db = connect(path);
  try {
    db.exec('BEGIN IMMEDIATE');
    const made = db.prepare("SELECT count(*) AS n FROM sqlite_schema WHERE name = 'meta'").get();
    if (made?.['n'] === 0) create(db, kmaId, sealer, storeId);
    verify(db, kmaId, sealer);
    upgrade(db);
    db.exec('COMMIT');
    syncDirectory(dirname(path));
  } catch (thrown) {
    db.close();
    throw thrown instanceof AgentError ? thrown : unusable(path, thrown);
  }
  return db;
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

// A file whose name is not on the disk is lost with the power.
function syncDirectory(path: string): void {
  const directory = openSync(path, 'r');
  fsyncSync(directory);
  closeSync(directory);
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

function create(db: DatabaseSync, kmaId: string, sealer: Sealer, storeId: string): void {
  db.exec(SCHEMA + FOREIGN_SCHEMA);
  const put = db.prepare('INSERT INTO meta VALUES (?, ?)');
  put.run('format', String(FORMAT));
  put.run('kma_id', kmaId);
  put.run('store_id', storeId);
  put.run('node_key_check', sealer.seal(CHECK_PLACE, Buffer.from(storeId)).toString('base64'));
}

function upgrade(db: DatabaseSync): void {
  if (readMeta(db, 'format') === String(FORMAT)) return;
  db.exec(FOREIGN_SCHEMA);
  db.prepare("UPDATE meta SET value = ? WHERE name = 'format'").run(String(FORMAT));
}

function verify(db: DatabaseSync, kmaId: string, sealer: Sealer): void {
  const format = readMeta(db, 'format');
  if (format !== String(FORMAT) && format !== String(FORMAT_BEFORE)) {
    throw new AgentError(
      'host.store_format',
      `the store has format ${format}, this keyferry reads ${FORMAT}`,
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
  let check: SecretBytes | undefined;
  try {
    check = sealer.open(CHECK_PLACE, Buffer.from(readMeta(db, 'node_key_check') ?? '', 'base64'));
  } catch (cause) {
    throw new AgentError('configuration.wrong_node_key', 'the node key does not open this store', {
      fault: 'configuration',
      remedy: 'Give the node key with which the store was made, or start with an empty data directory.',
      cause,
    });
  } finally {
    check?.wipe();
  }
}
