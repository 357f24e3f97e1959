import fs from 'node:fs';

/** A write that is not on the medium: what was there before. */
type Undo = {
  readonly at: number;
  readonly length: number;
  readonly before: Buffer;
  readonly size: number;
  /** A sync of it has failed: the system takes it for written, and no later sync writes it, unless somebody writes the bytes again. */
  forsaken: boolean;
};

/** Of one file, oldest first, and how long it was when it was synced last. */
type FileState = { undo: Undo[]; size: number };

/** What is not synced, by the path of the file within its directory. */
export type Unwritten = ReadonlyMap<string, FileState>;

/** What of the files of a disk is not on the medium. */
export class Unsynced {
  /** By inode. */
  readonly #files = new Map<number, FileState>();

  /** Bytes are about to be written over. */
  note(file: number, at: number, length: number): void {
    const { ino, size } = fs.fstatSync(file);
    const before = Buffer.alloc(Math.max(0, Math.min(length, size - at)));
    if (before.length > 0) {
      const reader = fs.openSync(`/proc/self/fd/${file}`, 'r');
      fs.readSync(reader, before, 0, before.length, at);
      fs.closeSync(reader);
    }
    const state = this.#files.get(ino) ?? { undo: [], size: 0 };
    for (const one of state.undo) if (one.at < at + length && at < one.at + one.length) one.forsaken = false;
    state.undo.push({ at, length, before, size, forsaken: false });
    this.#files.set(ino, state);
  }

  sync(file: number): void {
    const { ino, size } = fs.fstatSync(file);
    const state = this.#files.get(ino);
    if (state === undefined) return;
    state.undo = state.undo.filter(({ forsaken }) => forsaken);
    state.size = size;
    if (state.undo.length === 0) this.#files.delete(ino);
  }

  /** A sync has failed. */
  forsake(file: number): void {
    for (const one of this.#files.get(fs.fstatSync(file).ino)?.undo ?? []) one.forsaken = true;
  }

  /** The file as it is on the medium, `written` being what programs read of it. */
  onMedium(path: string, written: Buffer): Buffer | undefined {
    const state = this.#files.get(fs.statSync(path).ino);
    return state === undefined ? undefined : imageBefore(written, state);
  }

  /** @param paths of all files of the disk, by their name within it */
  carry(paths: ReadonlyMap<string, string>): Unwritten {
    const found = new Map<string, FileState>();
    for (const [name, path] of paths) {
      const state = this.#files.get(fs.statSync(path).ino);
      if (state !== undefined) found.set(name, state);
    }
    return found;
  }

  /** What a process that was killed has left in the system's memory. */
  take(unwritten: Unwritten, paths: ReadonlyMap<string, string>): void {
    for (const [name, state] of unwritten) {
      const path = paths.get(name);
      if (path !== undefined) this.#files.set(fs.statSync(path).ino, state);
    }
  }
}

// As it was before these writes, the newest undone first.
function imageBefore(written: Buffer, { undo, size: synced }: FileState): Buffer {
  const bytes = Math.max(
    written.length,
    ...undo.map(({ at, before, size }) => Math.max(size, at + before.length)),
  );
  const image = Buffer.alloc(bytes);
  written.copy(image);
  for (const { at, length, before, size } of [...undo].reverse()) {
    // What made the file longer.
    image.fill(0, Math.min(Math.max(at, size), bytes), Math.min(at + length, bytes));
    before.copy(image, at);
  }
  return image.subarray(0, Math.max(undo[0]?.size ?? synced, synced));
}
