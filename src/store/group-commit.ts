import type { DatabaseSync } from 'node:sqlite';
import { AgentError, messageOf } from '../errors.ts';

type Staged = {
  readonly write: () => void;
  readonly done: () => void;
  readonly failed: (cause: AgentError) => void;
};

/**
 * Gathers the writes of one turn of the event loop into one transaction, so that one disk sync makes all of them durable.
 * A failed commit changes nothing on disk and fails every write in it.
 */
export class GroupCommit {
  readonly #db: DatabaseSync;
  #staged: Staged[] = [];
  #scheduled = false;
  #closed = false;
  commits = 0;

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /** Runs `write` in the next transaction; resolves when that is durable. Rejects with `host.store_write_failed`. */
  stage(write: () => void): Promise<void> {
    return new Promise((done, failed) => {
      if (this.#closed) return failed(writeFailed(new Error('the store is closed')));
      this.#staged.push({ write, done, failed });
      if (this.#scheduled) return;
      this.#scheduled = true;
      setImmediate(() => this.flush());
    });
  }

  /** Commits what is staged, now. */
  flush(): void {
    this.#scheduled = false;
    const staged = this.#staged;
    if (staged.length === 0) return;
    this.#staged = [];
    try {
      this.#db.exec('BEGIN IMMEDIATE');
      for (const { write } of staged) write();
      this.#db.exec('COMMIT');
      this.commits += 1;
    } catch (cause) {
      this.#rollBack();
      const error = writeFailed(cause);
      for (const { failed } of staged) failed(error);
      return;
    }
    for (const { done } of staged) done();
  }

  close(): void {
    this.flush();
    this.#closed = true;
  }

  #rollBack(): void {
    try {
      this.#db.exec('ROLLBACK');
    } catch {
      // SQLite has already rolled back by itself, as it does when the disk is full.
    }
  }
}

function writeFailed(cause: unknown): AgentError {
  return new AgentError(
    'host.store_write_failed',
    `the key store could not be written: ${messageOf(cause)}`,
    {
      fault: 'host',
      remedy:
        'Free space on the disk of data_directory, or replace the disk; the agent goes on by itself once it can write again.',
      cause,
    },
  );
}
