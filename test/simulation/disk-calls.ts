import fs from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import type { Disk } from '../../src/env/disk.ts';
import { Ended } from './ended.ts';

type Path = fs.PathOrFileDescriptor | fs.PathLike;
type Done = (error: Error | null, count?: number) => void;
type FileOptions = { readonly flag?: string; readonly mode?: number; readonly flush?: boolean };

/** Whoever keeps account of a disk. */
export type DiskNotes = {
  readonly alive: boolean;
  readonly options: { later(ms: number, fn: () => void): void; syncMs(): number };
  real(path: string): string;
  assertAlive(): void;
  change<Result>(run: () => Result, fills?: boolean): Result;
  opened(file: number, path: string, made: boolean): void;
  closed(file: number): void;
  renamed(undo: () => void): void;
  note(file: number, at: number, length: number): void;
  sync(file: number, logBytes?: number): void;
  open(path: string, options: object): DatabaseSync;
};

/** The calls of `node:fs` on the disk of one life: they do what they always do, and the life takes note. */
export function diskCalls(life: DiskNotes): Disk {
  const real = (path: Path) => life.real(String(path));

  const openSync = (path: Path, flags: string | number = 'r', mode?: number): number => {
    life.assertAlive();
    const at = real(path);
    const makes = typeof flags === 'number' ? (flags & fs.constants.O_CREAT) !== 0 : /[aw]/.test(flags);
    const fresh = makes && !fs.existsSync(at);
    const open = () => fs.openSync(at, flags, mode);
    const file = fresh ? life.change(open) : open();
    life.opened(file, at, fresh);
    return file;
  };
  const closeSync = (file: number): void => {
    if (!life.alive) return;
    life.closed(file);
    fs.closeSync(file);
  };
  const writeSync = (file: number, bytes: Uint8Array, from: number, length: number, at: number | null) =>
    life.change(() => {
      life.note(file, at ?? fs.fstatSync(file).size, length);
      return fs.writeSync(file, bytes, from, length, at);
    });
  const ftruncateSync = (file: number, size = 0): void =>
    life.change(() => {
      life.note(file, size, Number.MAX_SAFE_INTEGER);
      fs.ftruncateSync(file, size);
    }, false);
  const syncNow = (file: number): void => life.change(() => life.sync(file), false);

  const putFile = (path: Path, data: string | Uint8Array, options: FileOptions, usual: string): void => {
    const { flag = usual, mode = 0o666, flush = false } = options;
    const replaces = flag === 'w' && fs.existsSync(real(path));
    const file = openSync(path, replaces ? 'r+' : flag, mode);
    if (replaces) ftruncateSync(file, 0);
    const bytes = Buffer.from(data as string);
    writeSync(file, bytes, 0, bytes.length, null);
    if (flush) syncNow(file);
    closeSync(file);
  };
  const rmSync = (path: Path, options?: fs.RmOptions): void => {
    const at = real(path);
    if (!fs.existsSync(at)) return fs.rmSync(at, options);
    const before = fs.readFileSync(at);
    life.change(() => fs.rmSync(at), false);
    life.renamed(() => fs.writeFileSync(at, before, { mode: 0o600 }));
  };
  const renameSync = (from: Path, to: Path): void => {
    const [a, b] = [real(from), real(to)];
    const moved = fs.readFileSync(a);
    const before = fs.existsSync(b) ? fs.readFileSync(b) : undefined;
    life.change(() => fs.renameSync(a, b), false);
    life.renamed(() => {
      fs.writeFileSync(a, moved, { mode: 0o600 });
      if (before === undefined) fs.rmSync(b, { force: true });
      else fs.writeFileSync(b, before, { mode: 0o600 });
    });
  };
  const linkSync = (from: Path, to: Path): void => {
    const at = real(to);
    life.change(() => fs.linkSync(real(from), at), false);
    life.renamed(() => fs.rmSync(at, { force: true }));
  };

  // What would happen on another thread.
  const inTime = (call: () => number, done: Done): void => {
    const { later, syncMs } = life.options;
    later(syncMs(), () => {
      if (!life.alive) return;
      let count: number;
      try {
        count = call();
      } catch (thrown) {
        if (!(thrown instanceof Ended)) done(thrown as Error);
        return;
      }
      done(null, count);
    });
  };
  const write = (
    file: number,
    bytes: Uint8Array,
    from: number,
    length: number,
    at: number | null,
    done: Done,
  ) => inTime(() => writeSync(file, bytes, from, length, at), done);
  const ftruncate = (file: number, size: number, done: Done) =>
    inTime(() => {
      ftruncateSync(file, size);
      return 0;
    }, done);
  const fdatasync = (file: number, done: Done): void => {
    const { size } = fs.fstatSync(file);
    const sync = () => {
      life.sync(file, size);
      return 0;
    };
    inTime(() => life.change(sync, false), done);
  };

  return {
    constants: fs.constants,
    openSync,
    closeSync,
    writeSync,
    write,
    ftruncate,
    ftruncateSync,
    fdatasync,
    fsyncSync: syncNow,
    fdatasyncSync: syncNow,
    writeFileSync: (path: Path, data: string, options: FileOptions = {}) => putFile(path, data, options, 'w'),
    appendFileSync: (path: Path, data: string, options: FileOptions = {}) =>
      putFile(path, data, options, 'a'),
    renameSync,
    linkSync,
    rmSync,
    mkdirSync: (path: Path, options: fs.MakeDirectoryOptions) => fs.mkdirSync(real(path), options),
    chmodSync: (path: Path, mode: number) => fs.chmodSync(real(path), mode),
    existsSync: (path: Path) => fs.existsSync(real(path)),
    statSync: (path: Path, options?: fs.StatSyncOptions) => fs.statSync(real(path), options),
    readFileSync: (path: Path, options: BufferEncoding) => fs.readFileSync(real(path), options),
    readdirSync: (path: Path) => fs.readdirSync(real(path)),
    readSync: fs.readSync,
    fstatSync: fs.fstatSync,
    database: (path: string, options: object = {}) => life.open(real(path), options),
  } as unknown as Disk;
}
