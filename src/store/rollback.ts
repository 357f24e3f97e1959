import { dirname } from 'node:path';
import { attemptAll, overwriteAndRemove, syncDirectory } from '../disk/durable.ts';
import type { Disk } from '../env/disk.ts';
import type { Log } from '../env/log.ts';
import type { GuardMark, RollbackGuard } from '../env/rollback-guard.ts';
import { AgentError } from '../errors.ts';
import { closeDatabase, filesBeside, HalfDiscarded, type OpenDatabase, readMeta } from './database.ts';

/** What a store says of itself: `mark` is undefined when it was never guarded. */
type Standing = { readonly storeId: string; readonly mark: number | undefined };

/** `missing`: the store was guarded, and the guard is empty. `other`: the guard remembers another store. */
export type Judgement = 'sound' | 'rolled_back' | 'missing' | 'other';

/** Whether a store that is opened can be what the guard saw last. In doubt it cannot. */
export function judge({ storeId, mark }: Standing, seen: GuardMark | undefined): Judgement {
  if (seen === undefined) return mark === undefined ? 'sound' : 'missing';
  if (seen.storeId !== storeId) return 'other';
  return seen.mark > (mark ?? 0) ? 'rolled_back' : 'sound';
}

/**
 * Opens a store that nobody has put back from a copy. One that was is discarded, and an empty one begun in its place, under another store ID: the neighbours then destroy what
 * they shared with it.
 * @param open called a second time for the empty store
 * @throws AgentError `host.guard_missing`, `host.guard_failed`, `host.guard_of_other_store`, and what `open` throws; then nothing has changed
 */
export function openSound(
  open: (onMade: (storeId: string) => void) => OpenDatabase,
  { disk, path, guard, log }: { disk: Disk; path: string; guard: RollbackGuard | undefined; log: Log },
): OpenDatabase {
  // The guard first: a store that is cut off from it half made would never be opened again.
  const onMade = (storeId: string) => {
    // One that cannot be read is not written over: this throws.
    guard?.read();
    guard?.begin(storeId);
  };
  const opened = openOrFinish(() => open(onMade), disk, path);
  try {
    const why = reasonToDiscard(opened, guard, log);
    if (why === undefined) return opened;
    log.error('store.rolled_back', {
      code: 'host.store_rolled_back',
      reason: why,
      remedy:
        'Its key may have been used: it was destroyed, and an empty store begun. Find out who put back the old one.',
    });
    condemn(opened, why);
  } catch (thrown) {
    closeDatabase(opened);
    throw thrown;
  }
  closeDatabase(opened);
  discardStore(disk, path);
  return open(onMade);
}

// A discard that was cut off is gone on with.
function openOrFinish(open: () => OpenDatabase, disk: Disk, path: string): OpenDatabase {
  try {
    return open();
  } catch (thrown) {
    if (!(thrown instanceof HalfDiscarded)) throw thrown;
    discardStore(disk, path);
    return open();
  }
}

// Durable once the database is closed.
function condemn({ db }: OpenDatabase, why: string): void {
  try {
    db.prepare("INSERT OR REPLACE INTO meta VALUES ('condemned', ?)").run(why);
  } catch {
    // The disk may be full: the discard makes room. If it were cut off, somebody would have to go on with it.
  }
}

function reasonToDiscard(
  { db }: OpenDatabase,
  guard: RollbackGuard | undefined,
  log: Log,
): string | undefined {
  const condemned = readMeta(db, 'condemned');
  if (condemned !== undefined) return condemned;
  const text = readMeta(db, 'mark');
  const storeId = readMeta(db, 'store_id') ?? '';
  if (guard === undefined) {
    if (text !== undefined) {
      log.warn('store.guard_given_up', { remedy: 'Set rollback_guard again if that was not meant.' });
      db.exec("UPDATE OR REPLACE meta SET name = 'mark_given_up' WHERE name = 'mark'");
    }
    return undefined;
  }
  const seen = guard.read();
  // A guard that comes back knows this store as it was when the guard was given up; in its place there may be an empty one.
  const givenUp = text === undefined ? readMeta(db, 'mark_given_up') : undefined;
  const last = seen === undefined ? text : (text ?? givenUp);
  const mark = last === undefined ? undefined : Number(last);
  switch (judge({ storeId, mark }, seen)) {
    case 'missing':
      throw missing(guard);
    case 'other':
      throw ofOtherStore(guard);
    case 'rolled_back':
      return `the guard ${guard.name} has seen change ${seen?.mark} of the store, which is at ${mark ?? 0}`;
    case 'sound':
      // The guard first: a store that was never guarded is at 0.
      if (seen === undefined) guard.begin(storeId);
      if (givenUp !== undefined) db.exec("UPDATE meta SET name = 'mark' WHERE name = 'mark_given_up'");
      return undefined;
  }
}

/** Destroys a store that is closed, its key first: what is left on the disk after that is noise. @returns the files that were there */
export function discardStore(disk: Disk, path: string): string[] {
  const { keys, blocks } = filesBeside(path);
  const files: string[] = [];
  const sealings = [keys, `${keys}.new`].map((file) => () => {
    if (overwriteAndRemove(disk, file)) files.push(file);
  });
  const others = [path, `${path}-wal`, `${path}-shm`, blocks].map((file) => () => {
    if (removeIfThere(disk, file)) files.push(file);
  });
  attemptAll(...sealings, ...others, () => syncDirectory(disk, dirname(path)));
  return files;
}

function removeIfThere(disk: Disk, file: string): boolean {
  try {
    disk.rmSync(file);
    return true;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw thrown;
  }
}

function missing({ name }: RollbackGuard): AgentError {
  return new AgentError(
    'host.guard_missing',
    `the rollback guard ${name} is empty, and the store was guarded`,
    {
      fault: 'host',
      remedy:
        'Bring back its device. If it is lost, nobody knows whether the store is the newest: keyferry zeroize, then keyferry commission.',
    },
  );
}

function ofOtherStore({ name }: RollbackGuard): AgentError {
  return new AgentError('host.guard_of_other_store', `the rollback guard ${name} belongs to another store`, {
    fault: 'host',
    remedy:
      'Give this node its own guard. If an older store was put back, its key may have been used: keyferry zeroize, then keyferry commission.',
  });
}
