import fs from 'node:fs';
import { basename, join } from 'node:path';
import type { Disk } from '../../src/env/disk.ts';
import type { Random } from '../fuzz/random.ts';
import { afterPowerCut, type Loss } from './crash-image.ts';
import { SimDatabase } from './sim-database.ts';
import { WriteAheadLog } from './write-ahead-log.ts';

/** The life of the agent has ended: whatever it still does comes to nothing. */
export class Ended extends Error {
  constructor() {
    super('this life of the agent has ended');
  }
}

/** A write that was not synced: what was there before. */
type Undo = { readonly at: number; readonly before: Buffer; readonly size: number };

export type SimDiskOptions = {
  /** A real directory, in which each life has its own. */
  readonly root: string;
  /** Under which the agent knows it. */
  readonly name: string;
  readonly random: Random;
  /** Milliseconds that a sync takes. */
  readonly syncMs: () => number;
  /** Runs `fn` of the agent after some simulated time, if it lives then. */
  readonly later: (ms: number, fn: () => void) => void;
  /** After so many the database is brought up to date. */
  readonly checkpointCommits: number;
};

/** About where SQLite makes a checkpoint by itself. */
const LOG_BYTES = 4 << 20;
const FULL = { code: 'ENOSPC', errno: -28 };

/**
 * The disk of one node, over the lives of its agents: real files, and what a power cut would leave of them. JavaScript's writes are
 * seen one by one; those of SQLite as SimDatabase says.
 */
export class SimDisk {
  readonly #options: SimDiskOptions;
  #life = 0;
  /** Of the life that is; what an earlier one still asks for comes to nothing. */
  #token: object | undefined;
  /** By inode, oldest first. */
  #unsynced = new Map<number, Undo[]>();
  /** Names made, changed and removed whose directory was not synced, oldest first. */
  #names: (() => void)[] = [];
  #paths = new Map<number, string>();
  #databases: SimDatabase[] = [];
  #log: WriteAheadLog | undefined;
  /** The directory of a life that has ended. */
  #left: string | undefined;
  full = false;
  /** After so many changes the power goes. */
  cutAfter = Number.POSITIVE_INFINITY;
  changes = 0;
  onPowerCut: () => Loss | undefined = () => undefined;
  calls: Disk = this.#make({});

  constructor(options: SimDiskOptions) {
    this.#options = options;
    fs.mkdirSync(this.#directory, { recursive: true });
  }

  /** The store's database of this life. */
  get database(): SimDatabase | undefined {
    return this.#databases.findLast((one) => one.isOpen && one.file.endsWith('keys.sqlite'));
  }

  get logBytes(): number {
    return this.#log?.bytes ?? 0;
  }

  /** Where a file of the agent's really is. */
  real(path: string): string {
    const { name } = this.#options;
    return path === name || path.startsWith(`${name}/`)
      ? join(this.#directory, path.slice(name.length))
      : path;
  }

  /** A new life begins, on what the one before has left. */
  begin(): void {
    // Not before: what the life before still had under way may ask it something.
    for (const one of this.#databases.splice(0)) if (one.isOpen) one.close();
    if (this.#left !== undefined) fs.rmSync(this.#left, { recursive: true, force: true });
    this.#left = undefined;
    this.#token = {};
    this.full = false;
    this.calls = this.#make(this.#token);
  }

  /** The agent stopped by itself: all that it wrote is there. */
  stopped(): void {
    this.#end();
  }

  /** The process was killed: the operating system has all that was written. */
  killed(): void {
    this.#nextLife(undefined);
  }

  /** The power was cut. */
  cut(loss: Loss): void {
    this.#nextLife(loss);
  }

  get #directory(): string {
    return join(this.#options.root, String(this.#life));
  }

  #end(): void {
    this.#token = undefined;
    this.cutAfter = Number.POSITIVE_INFINITY;
    this.#unsynced = new Map();
    this.#names = [];
    for (const file of this.#paths.keys()) {
      try {
        fs.closeSync(file);
      } catch {
        // The agent has closed it.
      }
    }
    this.#paths = new Map();
    this.#log = undefined;
  }

  #nextLife(loss: Loss | undefined, pages?: Pages): void {
    if (this.#token === undefined) return;
    const from = this.#directory;
    const log = this.#log;
    if (loss !== undefined) this.#lose(from, loss);
    this.#life += 1;
    fs.rmSync(this.#directory, { recursive: true, force: true });
    fs.cpSync(from, this.#directory, { recursive: true, preserveTimestamps: true });
    for (const path of directoriesIn(this.#directory)) fs.chmodSync(path, 0o700);
    if (log !== undefined && loss !== undefined && fs.existsSync(log.path)) {
      const { synced, written } = pages?.log ?? log.images();
      const found = afterPowerCut(synced, written, loss, this.#options.random);
      fs.writeFileSync(this.#inLife(from, log.path), found);
    }
    if (pages?.database !== undefined) fs.writeFileSync(this.#inLife(from, pages.path), pages.database);
    this.#end();
    this.#left = from;
  }

  #inLife(from: string, path: string): string {
    return join(this.#directory, path.slice(from.length));
  }

  // Of names first the newest; of bytes any.
  #lose(directory: string, loss: Loss): void {
    const { random } = this.#options;
    for (const path of filesIn(directory)) {
      const undo = this.#unsynced.get(fs.statSync(path).ino);
      if (undo === undefined) continue;
      const written = fs.readFileSync(path);
      fs.writeFileSync(path, afterPowerCut(imageBefore(written, undo), written, loss, random));
    }
    const kept = random.below(this.#names.length + 1);
    for (const undo of this.#names.splice(kept).reverse()) undo();
  }

  #assertAlive(token: object): void {
    if (this.#token !== token) throw new Ended();
  }

  // Each change may be the last: then it is done, and nobody hears of it.
  #change<Result>(token: object, run: () => Result, fills = true): Result {
    this.#assertAlive(token);
    if (fills && this.full) throw Object.assign(new Error('ENOSPC: no space left on device'), FULL);
    const result = run();
    this.#changed();
    return result;
  }

  #changed(): void {
    this.changes += 1;
    this.cutAfter -= 1;
    if (this.cutAfter > 0) return;
    const loss = this.onPowerCut();
    if (loss === undefined) return;
    this.cut(loss);
    throw new Ended();
  }

  #note(file: number, at: number, length: number): void {
    const { ino, size } = fs.fstatSync(file);
    const before = Buffer.alloc(Math.max(0, Math.min(length, size - at)));
    if (before.length > 0) {
      const reader = fs.openSync(`/proc/self/fd/${file}`, 'r');
      fs.readSync(reader, before, 0, before.length, at);
      fs.closeSync(reader);
    }
    const undo = this.#unsynced.get(ino) ?? [];
    undo.push({ at, before, size });
    this.#unsynced.set(ino, undo);
  }

  #sync(file: number, logBytes?: number): void {
    const path = this.#paths.get(file) ?? '';
    const stat = fs.fstatSync(file);
    if (stat.isDirectory()) this.#names = [];
    else this.#unsynced.delete(stat.ino);
    if (path === this.#log?.path) this.#log.synced(logBytes ?? stat.size);
  }

  #made(path: string): void {
    this.#names.push(() => fs.rmSync(path, { force: true }));
  }

  #committing(token: object, database: SimDatabase, commit: () => void): void {
    this.#assertAlive(token);
    if (this.full) throw database.full();
    const last = this.cutAfter <= 1;
    const log = this.#log;
    const before = last && log !== undefined ? snapshot(database.file, log) : undefined;
    commit();
    log?.committed();
    const checkpointed = log !== undefined && this.#isLong(log) && database.checkpoint();
    if (checkpointed) log?.checkpointed();
    this.changes += 1;
    this.cutAfter -= 1;
    if (this.cutAfter > 0) return;
    const loss = this.onPowerCut();
    if (loss === undefined) return;
    this.#nextLife(loss, before && this.#during(before, checkpointed, loss));
    throw new Ended();
  }

  #isLong({ bytes, commits }: WriteAheadLog): boolean {
    const { checkpointCommits } = this.#options;
    return commits >= (bytes > LOG_BYTES ? Math.min(checkpointCommits, 20) : checkpointCommits);
  }

  // The power went while SQLite wrote to its log, while it brought the database up to date, or after that.
  #during(before: Snapshot, checkpointed: boolean, loss: Loss): Pages | undefined {
    const { random } = this.#options;
    const path = before.path;
    if (!checkpointed) return undefined;
    const written = fs.readFileSync(`${path}-wal`);
    const stage = random.below(3);
    if (stage === 0) return { path, log: { synced: before.log.synced, written }, database: before.database };
    if (stage === 2) return undefined;
    const database = afterPowerCut(before.database, fs.readFileSync(path), loss, random);
    return { path, log: { synced: written, written }, database };
  }

  #make(token: object): Disk {
    const real = (path: unknown) => this.real(String(path));
    const open = (path: unknown, flags: unknown = 'r', mode?: unknown): number => {
      this.#assertAlive(token);
      const at = real(path);
      const makes =
        typeof flags === 'number' ? (flags & fs.constants.O_CREAT) !== 0 : /[aw]/.test(String(flags));
      const fresh = makes && !fs.existsSync(at);
      const doOpen = () => fs.openSync(at, flags as string, mode as number);
      const file = fresh ? this.#change(token, doOpen) : doOpen();
      if (fresh) this.#made(at);
      this.#paths.set(file, at);
      return file;
    };
    const put = (file: number, bytes: Uint8Array, from: number, length: number, position: number | null) =>
      this.#change(token, () => {
        this.#note(file, position ?? fs.fstatSync(file).size, length);
        return fs.writeSync(file, bytes, from, length, position);
      });
    const putFile = (
      path: unknown,
      data: string | Uint8Array,
      options: fs.WriteFileOptions = {},
      append = false,
    ) => {
      const at = real(path);
      const fresh = !fs.existsSync(at);
      const flag = (options as { flag?: string } | null)?.flag ?? (append ? 'a' : 'w');
      const mode = (options as { mode?: number } | null)?.mode ?? 0o666;
      const file = open(path, flag === 'w' && !fresh ? 'r+' : flag, mode);
      if (flag === 'w' && !fresh) cutTo(file, 0);
      put(file, Buffer.from(data as string), 0, Buffer.byteLength(data as string), null);
      if ((options as { flush?: boolean } | null)?.flush === true)
        this.#change(token, () => this.#sync(file), false);
      close(file);
    };
    const cutTo = (file: number, size = 0) =>
      this.#change(token, () => {
        this.#note(file, size, Number.MAX_SAFE_INTEGER);
        fs.ftruncateSync(file, size);
      }, false);
    const close = (file: number) => {
      if (this.#token !== token) return;
      this.#paths.delete(file);
      fs.closeSync(file);
    };
    const remove = (path: unknown, options?: fs.RmOptions) => {
      const at = real(path);
      if (!fs.existsSync(at)) return fs.rmSync(at, options);
      const before = fs.readFileSync(at);
      this.#change(token, () => fs.rmSync(at), false);
      this.#names.push(() => fs.writeFileSync(at, before, { mode: 0o600 }));
    };
    const rename = (from: unknown, to: unknown) => {
      const [a, b] = [real(from), real(to)];
      const moved = fs.readFileSync(a);
      const before = fs.existsSync(b) ? fs.readFileSync(b) : undefined;
      this.#change(token, () => fs.renameSync(a, b), false);
      this.#names.push(() => {
        fs.writeFileSync(a, moved, { mode: 0o600 });
        if (before === undefined) fs.rmSync(b, { force: true });
        else fs.writeFileSync(b, before, { mode: 0o600 });
      });
    };
    const inTime = (call: () => number, done: (error: Error | null, count: number) => void) => {
      this.#options.later(this.#options.syncMs(), () => {
        if (this.#token !== token) return;
        try {
          done(null, call());
        } catch (thrown) {
          if (!(thrown instanceof Ended)) done(thrown as Error, 0);
        }
      });
    };
    return {
      constants: fs.constants,
      openSync: open,
      closeSync: close,
      writeSync: (file: number, bytes: Uint8Array, from: number, length: number, position: number) =>
        put(file, bytes, from, length, position),
      write: (
        file: number,
        bytes: Uint8Array,
        from: number,
        length: number,
        position: number | null,
        done: never,
      ) => inTime(() => put(file, bytes, from, length, position), done),
      writeFileSync: putFile,
      appendFileSync: (path: unknown, data: string, options: fs.WriteFileOptions) =>
        putFile(path, data, options, true),
      ftruncateSync: cutTo,
      fsyncSync: (file: number) => this.#change(token, () => this.#sync(file), false),
      fdatasyncSync: (file: number) => this.#change(token, () => this.#sync(file), false),
      fdatasync: (file: number, done: never) => {
        const bytes = fs.fstatSync(file).size;
        inTime(() => this.#change(token, () => (this.#sync(file, bytes), 0), false), done);
      },
      renameSync: rename,
      rmSync: remove,
      mkdirSync: (path: unknown, options: fs.MakeDirectoryOptions) => fs.mkdirSync(real(path), options),
      chmodSync: (path: unknown, mode: number) => fs.chmodSync(real(path), mode),
      existsSync: (path: unknown) => fs.existsSync(real(path)),
      statSync: (path: unknown, options: never) => fs.statSync(real(path), options),
      readFileSync: (path: unknown, options: never) => fs.readFileSync(real(path), options),
      readdirSync: (path: unknown, options: never) => fs.readdirSync(real(path), options),
      readSync: fs.readSync,
      fstatSync: fs.fstatSync,
      database: (path: string, options = {}) => this.#open(token, real(path), options),
    } as unknown as Disk;
  }

  #open(token: object, path: string, options: object): SimDatabase {
    this.#assertAlive(token);
    const committing = (database: SimDatabase, commit: () => void) => this.#committing(token, database, commit);
    if (basename(path) === 'keys.sqlite') this.#log = new WriteAheadLog(path);
    const database = new SimDatabase({ committing }, path, options);
    this.#databases.push(database);
    database.takeOver();
    return database;
  }
}

type Images = { readonly synced: Buffer; readonly written: Buffer };
type Snapshot = { readonly path: string; readonly database: Buffer; readonly log: Images };
type Pages = { readonly path: string; readonly log: Images; readonly database: Buffer };

function snapshot(path: string, log: WriteAheadLog): Snapshot {
  return { path, database: fs.readFileSync(path), log: log.images() };
}

// As it was before these writes, the newest undone first.
function imageBefore(written: Buffer, undo: readonly Undo[]): Buffer {
  const first = undo[0]!;
  const image = Buffer.alloc(
    Math.max(written.length, ...undo.map(({ at, before, size }) => Math.max(size, at + before.length))),
  );
  written.copy(image);
  for (const { at, before } of [...undo].reverse()) before.copy(image, at);
  return image.subarray(0, first.size);
}

function* directoriesIn(directory: string): Generator<string> {
  for (const entry of fs.readdirSync(directory, { withFileTypes: true, recursive: true }))
    if (entry.isDirectory()) yield join(entry.parentPath, entry.name);
}

function* filesIn(directory: string): Generator<string> {
  for (const entry of fs.readdirSync(directory, { withFileTypes: true, recursive: true }))
    if (entry.isFile()) yield join(entry.parentPath, entry.name);
}
