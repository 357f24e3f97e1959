import type { DatabaseSync } from 'node:sqlite';
import { Witness } from '../disk/proven-sync.ts';
import type { Disk } from '../env/disk.ts';
import type { Entropy } from '../env/entropy.ts';
import type { Log } from '../env/log.ts';
import { AgentError, messageOf } from '../errors.ts';
import type { SecretBytes } from '../secret/secret-bytes.ts';
import { damaged, isCorrupt } from './damage.ts';
import { assertLogWhole, scanLog } from './log-scan.ts';
import { FORMAT, SCHEMA } from './schema.ts';
import { Sealer } from './seal.ts';
import { assertSound } from './sound.ts';
import { StoreKeyFile, wrongNodeKey } from './store-key.ts';
import { upgrade } from './upgrade.ts';

export type OpenOptions = {
  readonly disk: Disk;
  readonly path: string;
  readonly kmaId: string;
  /** 32 bytes, only lent. */
  readonly nodeKey: SecretBytes;
  readonly entropy: Entropy;
  readonly log?: Log;
  /** A store of this ID is about to be made: nothing of it is durable yet. What it throws is thrown on, and there is no store. */
  onMade?(storeId: string): void;
};

/** A database that is open, and what seals and opens its records. */
export type OpenDatabase = {
  readonly db: DatabaseSync;
  readonly sealer: Sealer;
  readonly keys: StoreKeyFile;
  readonly witness: Witness;
};

/** The files of a store beside its database. */
export function filesBeside(path: string): {
  readonly keys: string;
  readonly blocks: string;
  readonly witness: string;
} {
  const stem = path.replace(/\.sqlite$/, '');
  return { keys: `${stem}.sealing`, blocks: `${stem}.blocks`, witness: `${stem}.witness` };
}

/**
 * Opens (or makes) the store's database: write-ahead log, freed pages overwritten, one process at a time. SQLite syncs at checkpoints;
 * the log is synced after each transaction by GroupCommit, the names of new files by whoever opens the last of them.
 * @throws AgentError `host.store_locked`, `host.store_unusable`, `host.store_damaged`, `host.store_format`, `host.store_key_missing`,
 * `configuration.wrong_node_key`, `configuration.store_of_other_node`
 */
export function openDatabase(options: OpenOptions): OpenDatabase {
  const { disk, path, kmaId, nodeKey, entropy, log, onMade } = options;
  judgeLog(disk, path, log);
  const db = connect(disk, path);
  const keys = new StoreKeyFile(disk, filesBeside(path).keys, entropy);
  try {
    db.exec('BEGIN IMMEDIATE');
    const made = db.prepare('SELECT count(*) AS n FROM sqlite_schema').get();
    if (made?.['n'] === 0) {
      create(db, kmaId, keys, nodeKey, entropy);
      // So that nobody wonders, when the data directory is not the one that was meant.
      log?.info('store.made', { path });
      onMade?.(readMeta(db, 'store_id') ?? '');
    }
    verify(db, kmaId);
    if (readMeta(db, 'format') !== String(FORMAT)) upgrade(db, { nodeKey, keys, entropy });
    assertSound(db);
    const key = storeKey(db, keys, nodeKey);
    db.exec('COMMIT');
    const witness = new Witness(disk, filesBeside(path).witness);
    return { db, sealer: new Sealer(key, entropy), keys, witness };
  } catch (thrown) {
    db.close();
    throw thrown instanceof AgentError ? thrown : unusable(path, thrown);
  }
}

/** The store was being discarded, its key first, when that was cut off: nothing in it can be opened by anyone. */
export class HalfDiscarded extends AgentError {}

// The others in the file stay: that the database names this one may not be durable yet.
function storeKey(db: DatabaseSync, keys: StoreKeyFile, nodeKey: SecretBytes): SecretBytes {
  try {
    const key = keys.peek(readMeta(db, 'store_key') ?? '', nodeKey);
    if (key === undefined) throw wrongNodeKey();
    return key;
  } catch (thrown) {
    const isGone = thrown instanceof AgentError && thrown.code === 'host.store_key_missing';
    if (!isGone || readMeta(db, 'condemned') === undefined) throw thrown;
    const { code, message, fault, remedy } = thrown;
    throw new HalfDiscarded(code, message, { fault, remedy, cause: thrown });
  }
}

export function closeDatabase({ db, sealer, witness }: OpenDatabase): void {
  sealer[Symbol.dispose]();
  witness.close();
  db.close();
}

export function readMeta(db: DatabaseSync, name: string): string | undefined {
  const row = db.prepare('SELECT value FROM meta WHERE name = ?').get(name);
  return row?.['value'] as string | undefined;
}

// Before SQLite reads the log: what it leaves out it overwrites.
function judgeLog(disk: Disk, path: string, log: Log | undefined): void {
  try {
    const scanned = scanLog(disk, `${path}-wal`);
    if (scanned.damaged) assertFree(disk, path);
    assertLogWhole(scanned, `${path}-wal`);
    // SQLite would begin anew. The database is there before its log is.
    if (scanned.commits > 0 && (disk.statSync(path, { throwIfNoEntry: false })?.size ?? 0) === 0)
      throw damaged(`the key store ${path} is gone or empty, and its write-ahead log is not`);
    if (scanned.cut > 0) log?.warn('store.log_cut', { path: `${path}-wal`, frames: scanned.cut });
  } catch (thrown) {
    throw thrown instanceof AgentError ? thrown : unusable(path, thrown);
  }
}

/** A log that another process is writing may look damaged. @throws AgentError `host.store_locked` when one holds the store */
function assertFree(disk: Disk, path: string): void {
  const db = disk.database(path, { readOnly: true, timeout: 0 });
  try {
    db.prepare('SELECT count(*) FROM sqlite_schema').get();
  } catch (thrown) {
    if (isBusy(thrown)) throw unusable(path, thrown);
  } finally {
    db.close();
  }
}

function connect(disk: Disk, path: string): DatabaseSync {
  let db: DatabaseSync | undefined;
  try {
    db = disk.database(path, { timeout: 0 });
    disk.chmodSync(path, 0o600);
    db.exec(
      `PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA secure_delete = ON;
       PRAGMA foreign_keys = OFF; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA journal_size_limit = 67108864;`,
    );
    return db;
  } catch (thrown) {
    db?.close();
    throw unusable(path, thrown);
  }
}

const isBusy = (thrown: unknown): boolean => /locked|busy/.test(messageOf(thrown));

export function unusable(path: string, cause: unknown): AgentError {
  if (isBusy(cause)) {
    return new AgentError('host.store_locked', `another process holds the key store ${path}`, {
      fault: 'host',
      remedy: 'Stop the other keyferry of this data directory, or give this one a data_directory of its own.',
      cause,
    });
  }
  if (isCorrupt(cause)) return damaged(`the key store ${path} is damaged: ${messageOf(cause)}`, cause);
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

export function verify(db: DatabaseSync, kmaId: string): void {
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
