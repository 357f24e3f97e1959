import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { AgentError, messageOf } from '../../errors.ts';
import { unusable } from '../database.ts';

/** A store that is looked at and not changed; no agent can open it meanwhile. */
export type LookedAt = { readonly db: DatabaseSync; close(): void };

/**
 * Opens the store's database to read from it.
 *
 * SQLite needs an index of the write-ahead log. Where the folder can be written, it makes it as a file beside the database, and the lock
 * is shared by all who read: what was not there before is removed again. Where it can't (a disk that the kernel has made
 * read-only), the index is held in memory; nobody can write there, so no lock is needed.
 * @throws AgentError `host.store_missing`, `host.store_locked`, `host.store_damaged`, `host.store_unusable`
 */
export function openToLook(path: string): LookedAt {
  if (!existsSync(path)) throw missing(path);
  const before = new Set(readdirSync(dirname(path)));
  try {
    const beside = openBeside(path);
    const db = beside ?? openApart(path);
    return {
      db,
      close() {
        // While the lock keeps agents out: one that starts makes files of the same names.
        if (beside !== undefined) removeMade(path, before);
        db.close();
      },
    };
  } catch (thrown) {
    throw thrown instanceof AgentError ? thrown : unusable(path, thrown);
  }
}

// An agent may have come and gone before the lock was ours: its log, which is not empty, stays.
function removeMade(path: string, before: ReadonlySet<string>): void {
  for (const file of [`${path}-wal`, `${path}-shm`]) {
    const isLog = file.endsWith('-wal') && (statSync(file, { throwIfNoEntry: false })?.size ?? 0) > 0;
    if (!isLog && !before.has(basename(file))) rmSync(file, { force: true });
  }
}

/** Undefined where SQLite can't make the files that it needs: for want of rights, or of room on the disk. */
function openBeside(path: string): DatabaseSync | undefined {
  const db = new DatabaseSync(path, { readOnly: true, timeout: 0 });
  try {
    db.prepare('SELECT count(*) FROM sqlite_schema').get();
    return db;
  } catch (thrown) {
    db.close();
    if (/unable to open database file|disk I\/O error|disk is full/.test(messageOf(thrown))) return undefined;
    throw thrown;
  }
}

function openApart(path: string): DatabaseSync {
  const url = pathToFileURL(path);
  const log = statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  url.search = log === 0 ? 'immutable=1' : 'mode=ro&vfs=unix-none';
  const db = new DatabaseSync(url, { readOnly: true });
  try {
    if (log > 0) db.exec('PRAGMA locking_mode = EXCLUSIVE');
    db.prepare('SELECT count(*) FROM sqlite_schema').get();
    return db;
  } catch (thrown) {
    db.close();
    throw thrown;
  }
}

function missing(path: string): AgentError {
  return new AgentError('host.store_missing', `there is no key store ${path}`, {
    fault: 'host',
    remedy:
      'Correct data_directory, or see that its disk is mounted. A node that never ran has no store yet.',
  });
}
