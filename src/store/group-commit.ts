import type { DatabaseSync } from 'node:sqlite';
import { makeDurable } from '../disk/durable.ts';
import { ProvenSync, type Witness } from '../disk/proven-sync.ts';
import type { Clock } from '../env/clock.ts';
import type { Disk } from '../env/disk.ts';
import { AgentError } from '../errors.ts';
import { limits } from '../limits.ts';
import { syncFailed, writeFailed } from './faults.ts';

type Staged = {
  readonly write: () => void;
  readonly done: () => void;
  readonly failed: (cause: AgentError) => void;
};

/** Remembers elsewhere how far the database has come. */
export type CommitGuard = {
  /** Inside each transaction. */
  count(): void;
  /** After it is durable, before anyone is told. Resolves when the other memory is durable too. */
  remember(): Promise<void>;
};

/**
 * Gathers writes into one transaction, and makes it durable by one sync of the write-ahead log off the main thread, while the
 * next transaction gathers. SQLite itself syncs at checkpoints only (synchronous = NORMAL); what it would do at each commit is done here,
 * before any promise resolves. A transaction that fails changes nothing and fails every write in it. A sync that fails is final:
 * nobody knows what is on the disk after it.
 */
export class GroupCommit {
  readonly #disk: Disk;
  readonly #db: DatabaseSync;
  readonly #wal: number;
  readonly #walSync: ProvenSync;
  readonly #clock: Clock;
  readonly #onBroken: (error: AgentError) => void;
  readonly #guard: CommitGuard | undefined;
  #staged: Staged[] = [];
  #scheduled = false;
  #syncing: Promise<void> | undefined;
  #broken: AgentError | undefined;
  #abandoned: AgentError | undefined;
  #refused: AgentError | undefined;
  #cancelLazy: (() => void) | undefined;
  commits = 0;
  /** Why the newest transaction failed, until one succeeds. */
  failure: AgentError | undefined;

  /** @param path of the database; its write-ahead log is there by now */
  constructor(
    disk: Disk,
    db: DatabaseSync,
    path: string,
    witness: Witness,
    clock: Clock,
    onBroken: (error: AgentError) => void,
    guard?: CommitGuard,
  ) {
    this.#disk = disk;
    this.#db = db;
    this.#guard = guard;
    this.#wal = this.#disk.openSync(`${path}-wal`, 'r+');
    // What a process before this one had written counts as durable from now on, whether it was killed before its sync, or the sync failed.
    makeDurable(this.#disk, this.#wal);
    witness.askNow();
    this.#walSync = new ProvenSync(disk, this.#wal, witness, 'longer');
    this.#clock = clock;
    this.#onBroken = onBroken;
  }

  /** Whether no sync has failed and the store is open. */
  get isWhole(): boolean {
    return this.#broken === undefined;
  }

  /** Throws when a sync has failed or the store is closed: what the database says may not be on the disk. Or when nothing may be taken from it any more. */
  assertWhole(): void {
    const why = this.#broken ?? this.#refused;
    if (why !== undefined) throw why;
  }

  /** Nothing may be taken from the store any more: `assertWhole` throws. What is to be written still is. */
  refuse(why: AgentError): void {
    this.#refused ??= why;
  }

  /** Runs `write` in the next transaction; resolves when that is durable. Rejects with `host.store_write_failed`. */
  stage(write: () => void): Promise<void> {
    return new Promise((done, failed) => {
      if (this.#broken !== undefined) return failed(this.#broken);
      this.#staged.push({ write, done, failed });
      this.#schedule();
    });
  }

  /** The same for what nobody waits for: it goes with the next transaction that somebody does, or soon by itself. */
  stageLazily(write: () => void, failed: (cause: AgentError) => void, done = () => {}): void {
    if (this.#broken !== undefined) return failed(this.#broken);
    this.#staged.push({ write, done, failed });
    this.#cancelLazy ??= this.#clock.after(limits.lazyCommitMs, () => this.#schedule());
  }

  /** Everything is being destroyed: nothing is written any more, and who waits is told so, be it for a sync that goes well. */
  abandon(): void {
    this.#abandoned = writeFailed(new Error('the store was zeroized'));
    this.#broken ??= this.#abandoned;
    failAll(this.#staged, this.#broken);
    this.#staged = [];
    this.#cancelLazy?.();
  }

  /** Commits what is staged and closes; later writes fail. */
  async close(): Promise<void> {
    while (this.#syncing !== undefined) await this.#syncing;
    const staged = this.#transact();
    this.#broken ??= writeFailed(new Error('the store is closed'));
    this.#cancelLazy?.();
    if (staged.length > 0) await this.#settle(staged);
    this.#disk.closeSync(this.#wal);
  }

  #schedule(): void {
    if (this.#scheduled || this.#syncing !== undefined) return;
    this.#scheduled = true;
    this.#clock.soon(() => {
      this.#scheduled = false;
      if (this.#syncing === undefined) this.#commit();
    });
  }

  #commit(): void {
    const staged = this.#transact();
    if (staged.length === 0) return;
    this.#syncing = this.#settle(staged).finally(() => {
      this.#syncing = undefined;
      if (this.#staged.length > 0) this.#commit();
    });
  }

  async #settle(staged: readonly Staged[]): Promise<void> {
    const error = (await this.#sync()) ?? (await this.#remember()) ?? this.#abandoned;
    for (const { done, failed } of staged) {
      if (error === undefined) done();
      else failed(error);
    }
  }

  #sync(): Promise<AgentError | undefined> {
    return new Promise((resolve) => {
      this.#walSync.run((error) => {
        if (error === null) return resolve(undefined);
        this.#broken ??= syncFailed(error);
        this.#onBroken(this.#broken);
        resolve(this.#broken);
      });
    });
  }

  // When the other memory fails, the transaction is on the disk and nobody may be told: the process has to end, as after a sync that failed.
  async #remember(): Promise<AgentError | undefined> {
    try {
      await this.#guard?.remember();
      return undefined;
    } catch (thrown) {
      this.#broken ??= thrown instanceof AgentError ? thrown : writeFailed(thrown);
      this.#onBroken(this.#broken);
      return this.#broken;
    }
  }

  // Writes to the log; not durable yet. Returns what was written.
  #transact(): readonly Staged[] {
    const staged = this.#staged;
    this.#staged = [];
    this.#cancelLazy?.();
    this.#cancelLazy = undefined;
    if (staged.length === 0 || this.#broken !== undefined) return failAll(staged, this.#broken);
    try {
      this.#db.exec('BEGIN IMMEDIATE');
      for (const { write } of staged) write();
      this.#guard?.count();
      this.#db.exec('COMMIT');
      this.commits += 1;
      this.failure = undefined;
      return staged;
    } catch (cause) {
      this.#rollBack();
      this.failure = writeFailed(cause);
      return failAll(staged, this.failure);
    }
  }

  #rollBack(): void {
    try {
      this.#db.exec('ROLLBACK');
    } catch {
      // SQLite has already rolled back by itself, as it does when the disk is full.
    }
  }
}

function failAll(staged: readonly Staged[], error: AgentError | undefined): readonly Staged[] {
  for (const { failed } of staged) failed(error!);
  return [];
}
