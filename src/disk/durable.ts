import { dirname } from 'node:path';
import type { Disk } from '../env/disk.ts';

const REWRITE_BYTES = 1 << 20;

/** A file whose name is not on the disk is lost with the power. */
export function syncDirectory(disk: Disk, path: string): void {
  const directory = disk.openSync(path, 'r');
  disk.fsyncSync(directory);
  disk.closeSync(directory);
}

/** Makes a directory for its owner alone, and those above it that are not there. Node.js's own way does not come to an end where none may be made, as in /proc. */
export function makeDirectories(
  disk: Pick<Disk, 'mkdirSync' | 'statSync' | 'existsSync'>,
  path: string,
): void {
  try {
    disk.mkdirSync(path, { mode: 0o700 });
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    if (code === 'EEXIST' && disk.statSync(path).isDirectory()) return;
    const above = dirname(path);
    if (code !== 'ENOENT' || above === path || disk.existsSync(above)) throw thrown;
    makeDirectories(disk, above);
    disk.mkdirSync(path, { mode: 0o700 });
  }
}

/** A file to write into, or undefined when it is not there. */
export function openIfThere(disk: Disk, path: string): number | undefined {
  try {
    return disk.openSync(path, 'r+');
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw thrown;
  }
}

/**
 * Makes durable what a file, open to be read and written, seems to hold. Its bytes are written once more, as they are: where a sync of an earlier process has
 * failed, Linux takes them for written though they are not, and no other sync would write them.
 */
export function makeDurable(disk: Disk, file: number): void {
  const { size } = disk.fstatSync(file);
  const bytes = Buffer.alloc(Math.min(size, REWRITE_BYTES));
  for (let at = 0; at < size; ) {
    const read = disk.readSync(file, bytes, 0, Math.min(bytes.length, size - at), at);
    if (read === 0) break;
    for (let written = 0; written < read; )
      written += disk.writeSync(file, bytes, written, read - written, at + written);
    at += read;
  }
  disk.fdatasyncSync(file);
}

/** Overwrites all of an open file where it stands, durably. For small files only. */
export function overwrite(disk: Disk, file: number): void {
  const { size } = disk.fstatSync(file);
  disk.writeSync(file, Buffer.alloc(size, 0xff), 0, size, 0);
  disk.fsyncSync(file);
}

/** Overwrites a small file where it stands, durably, then empties and removes it: where it may not be removed, nobody takes it for what it was. @returns whether it was there */
export function overwriteAndRemove(disk: Disk, path: string): boolean {
  const file = openIfThere(disk, path);
  if (file === undefined) return false;
  attemptAll(
    () => overwrite(disk, file),
    () => {
      disk.ftruncateSync(file, 0);
      disk.fsyncSync(file);
    },
    () => disk.closeSync(file),
    () => disk.rmSync(path, { force: true }),
    () => syncDirectory(disk, dirname(path)),
  );
  return true;
}

/** Does all of it, whatever becomes of one. Throws what was thrown first. */
export function attemptAll(...acts: readonly (() => void)[]): void {
  const thrown: unknown[] = [];
  for (const act of acts) {
    try {
      act();
    } catch (one) {
      thrown.push(one);
    }
  }
  if (thrown.length > 0) throw thrown[0];
}
