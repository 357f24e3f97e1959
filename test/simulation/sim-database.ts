import { DatabaseSync, type DatabaseSyncOptions } from 'node:sqlite';

/** What a database tells the disk that it lies on. */
export type DatabaseDisk = {
  /** A transaction is to be committed: `commit` does it. Throws when the disk has no room, or the power goes. */
  committing(database: SimDatabase, commit: () => void): void;
};

/**
 * SQLite itself, on real files. Its writes can't be seen one by one; but it writes at known times: to its log at each commit, to the database
 * only at a checkpoint, which is made here and not by SQLite, so that we know when (docs/simulation.md, "The disk").
 */
export class SimDatabase extends DatabaseSync {
  #disk: DatabaseDisk | undefined;
  readonly file: string;

  constructor(disk: DatabaseDisk, file: string, options: DatabaseSyncOptions) {
    super(file, options);
    this.#disk = disk;
    this.file = file;
  }

  override exec(sql: string): void {
    if (sql !== 'COMMIT') return super.exec(sql);
    if (this.#disk === undefined) throw new Error('database is not open');
    this.#disk.committing(this, () => super.exec('COMMIT'));
  }

  // Node.js keeps a database for as long as there is a statement of it, and through it all that its disk knows.
  override close(): void {
    super.close();
    this.#disk = undefined;
  }

  /** As SQLite does it by itself after a commit. @returns whether all of the log is in the database, durably */
  checkpoint(): boolean {
    const row = this.prepare('PRAGMA wal_checkpoint(PASSIVE)').get();
    return row?.['busy'] === 0 && row['log'] === row['checkpointed'] && row['log'] !== -1;
  }

  /** Takes the checkpoints over. */
  takeOver(): void {
    super.exec('PRAGMA wal_autocheckpoint = 0');
  }

  full(): Error {
    super.exec('ROLLBACK');
    return Object.assign(new Error('database or disk is full'), { errcode: 13 });
  }
}
