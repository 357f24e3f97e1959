import fs from 'node:fs';
import { basename, join } from 'node:path';
import type { Disk } from '../../src/env/disk.ts';
import type { Random } from '../fuzz/random.ts';
import { afterPowerCut, type Loss } from './crash-image.ts';
import { type DiskNotes, diskCalls } from './disk-calls.ts';
import { Ended } from './ended.ts';
import { SimDatabase } from './sim-database.ts';
import { Unsynced, type Unwritten } from './unsynced.ts';
import { WriteAheadLog } from './write-ahead-log.ts';

type Images = { readonly synced: Buffer; readonly written: Buffer };
/** The database and its log in the middle of something that SQLite does. */
type Pages = { readonly path: string; readonly log: Images; readonly database: Buffer };

/** What a process leaves to the next on the same system, beside its files. */
export type Remains = { readonly unwritten: Unwritten; readonly log: WriteAheadLog | undefined };

export type LifeOptions = {
  /** Under which the agent knows the directory. */
  readonly name: string;
  readonly random: Random;
  /** Milliseconds that a sync takes. */
  readonly syncMs: () => number;
  /** Runs `fn` after some simulated time. */
  readonly later: (ms: number, fn: () => void) => void;
  /** After so many the database is brought up to date. */
  readonly checkpointCommits: number;
  readonly isFull: () => boolean;
  /** Whether a sync that is asked for now fails. */
  readonly syncFails: () => boolean;
  /** The disk was changed. @returns what a power cut at this moment leaves; undefined when there is none */
  readonly onChange: () => Loss | undefined;
  /** There is a power cut in the middle of a change; `pages` is what SQLite had done by then. */
  readonly onCut: (loss: Loss, pages?: Pages) => void;
};

const FULL = { code: 'ENOSPC', errno: -28 };
const FAILED = { code: 'EIO', errno: -5 };
/** About where SQLite makes a checkpoint by itself. */
const LOG_BYTES = 4 << 20;

/** The disk as one life of an agent sees it, and what of its files is not synced. */
export class DiskLife implements DiskNotes {
  readonly directory: string;
  readonly options: LifeOptions;
  readonly calls: Disk;
  alive = true;
  readonly #unsynced = new Unsynced();
  /** What undoes names made, changed and removed whose directory was not synced, oldest first. */
  #names: (() => void)[] = [];
  readonly #paths = new Map<number, string>();
  readonly #databases: SimDatabase[] = [];
  log: WriteAheadLog | undefined;
  readonly #logBefore: WriteAheadLog | undefined;

  /** @param killed the life before, if it ended and the power did not: the system still has what that had not synced */
  constructor(directory: string, options: LifeOptions, killed?: Remains) {
    this.directory = directory;
    this.options = options;
    this.calls = diskCalls(this);
    this.#logBefore = killed?.log;
    if (killed !== undefined) this.#unsynced.take(killed.unwritten, this.#files());
  }

  /** What of it is in the system's memory alone. */
  get remains(): Remains {
    return { unwritten: this.#unsynced.carry(this.#files()), log: this.log };
  }

  /** The store's database. */
  get database(): SimDatabase | undefined {
    return this.#databases.findLast((one) => one.isOpen && basename(one.file) === 'keys.sqlite');
  }

  /** Where a file of the agent's really is. */
  real(path: string): string {
    const { name } = this.options;
    return path === name || path.startsWith(`${name}/`)
      ? join(this.directory, path.slice(name.length))
      : path;
  }

  /** Nothing that it still has under way comes to anything. */
  end(): void {
    this.alive = false;
    for (const file of this.#paths.keys()) fs.closeSync(file);
    this.#paths.clear();
  }

  /** After `end`, when nobody can ask it anything any more. */
  close(): void {
    for (const one of this.#databases) if (one.isOpen) one.close();
  }

  /** Makes in `directory` what is found after a power cut, or all that was written when there was none. */
  leave(directory: string, loss: Loss | undefined, pages?: Pages): void {
    const log = this.log;
    if (loss !== undefined) this.#lose(loss);
    fs.cpSync(this.directory, directory, { recursive: true });
    for (const path of inside(directory)) if (fs.statSync(path).isDirectory()) fs.chmodSync(path, 0o700);
    const there = (path: string) => join(directory, path.slice(this.directory.length));
    if (log !== undefined && loss !== undefined && fs.existsSync(log.path)) {
      const { synced, written } = pages?.log ?? log.images();
      fs.writeFileSync(there(log.path), afterPowerCut(synced, written, loss, this.options.random));
    }
    if (pages !== undefined) fs.writeFileSync(there(pages.path), pages.database);
  }

  assertAlive(): void {
    if (!this.alive) throw new Ended();
  }

  /** Each change may be the last: then it is done, and nobody hears of it. */
  change<Result>(run: () => Result, fills = true): Result {
    this.assertAlive();
    if (fills && this.options.isFull())
      throw Object.assign(new Error('ENOSPC: no space left on device'), FULL);
    const result = run();
    const loss = this.options.onChange();
    if (loss === undefined) return result;
    this.options.onCut(loss);
    throw new Ended();
  }

  opened(file: number, path: string, made: boolean): void {
    this.#paths.set(file, path);
    if (made) this.#names.push(() => fs.rmSync(path, { force: true }));
  }

  closed(file: number): void {
    this.#paths.delete(file);
  }

  renamed(undo: () => void): void {
    this.#names.push(undo);
  }

  /** Bytes are about to be written over. */
  note(file: number, at: number, length: number): void {
    this.#unsynced.note(file, at, length);
    if (this.#paths.get(file) === this.log?.path) this.log?.rewritten(at, length);
  }

  /** @param logBytes of the write-ahead log, as long as it was when the sync began */
  sync(file: number, logBytes?: number): void {
    const stat = fs.fstatSync(file);
    const ofLog = this.#paths.get(file) === this.log?.path;
    if (this.options.syncFails()) {
      this.#unsynced.forsake(file);
      if (ofLog) this.log?.forsaken(stat.size);
      throw Object.assign(new Error('EIO: i/o error, fdatasync'), FAILED);
    }
    if (stat.isDirectory()) this.#names = [];
    else this.#unsynced.sync(file);
    if (ofLog) this.log?.synced(logBytes ?? stat.size);
  }

  open(path: string, options: object): SimDatabase {
    this.assertAlive();
    const committing = (database: SimDatabase, commit: () => void) => this.#committing(database, commit);
    if (basename(path) === 'keys.sqlite') this.log = new WriteAheadLog(path, this.#logBefore);
    const database = new SimDatabase({ committing }, path, options);
    this.#databases.push(database);
    database.takeOver();
    return database;
  }

  #committing(database: SimDatabase, commit: () => void): void {
    this.assertAlive();
    if (this.options.isFull()) throw database.full();
    const log = this.log;
    const due = log !== undefined && this.#isLong(log);
    const before = due
      ? { synced: log.images().synced, database: fs.readFileSync(database.file) }
      : undefined;
    commit();
    log?.committed();
    const checkpointed = due && database.checkpoint();
    if (checkpointed) log.checkpointed();
    const loss = this.options.onChange();
    if (loss === undefined) return;
    this.options.onCut(loss, checkpointed ? this.#during(database.file, before!, loss) : undefined);
    throw new Ended();
  }

  #isLong({ bytes, commits }: WriteAheadLog): boolean {
    const { checkpointCommits } = this.options;
    return commits + 1 >= (bytes > LOG_BYTES ? Math.min(checkpointCommits, 20) : checkpointCommits);
  }

  // The power went while SQLite wrote to its log, while it brought the database up to date, or after that.
  #during(path: string, before: { synced: Buffer; database: Buffer }, loss: Loss): Pages | undefined {
    const { random } = this.options;
    const written = fs.readFileSync(`${path}-wal`);
    const stage = random.below(3);
    if (stage === 0) return { path, log: { synced: before.synced, written }, database: before.database };
    if (stage === 2) return undefined;
    const database = afterPowerCut(before.database, fs.readFileSync(path), loss, random);
    return { path, log: { synced: written, written }, database };
  }

  /** By their name within the directory. */
  #files(): Map<string, string> {
    const paths = inside(this.directory).filter((path) => fs.statSync(path).isFile());
    return new Map(paths.map((path) => [path.slice(this.directory.length), path]));
  }

  // Of names first the newest; of bytes any.
  #lose(loss: Loss): void {
    const { random } = this.options;
    for (const path of inside(this.directory)) {
      const stat = fs.statSync(path);
      if (!stat.isFile()) continue;
      const written = fs.readFileSync(path);
      const onMedium = this.#unsynced.onMedium(path, written);
      if (onMedium !== undefined) fs.writeFileSync(path, afterPowerCut(onMedium, written, loss, random));
    }
    const kept = random.below(this.#names.length + 1);
    for (const undo of this.#names.splice(kept).reverse()) undo();
  }
}

function inside(directory: string): string[] {
  return fs
    .readdirSync(directory, { withFileTypes: true, recursive: true })
    .map((entry) => join(entry.parentPath, entry.name));
}
