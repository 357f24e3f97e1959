import { closeSync, fstatSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** A file whose name is not on the disk is lost with the power. */
export function syncDirectory(path: string): void {
  const directory = openSync(path, 'r');
  fsyncSync(directory);
  closeSync(directory);
}

/** A file to write into, or undefined when it is not there. */
export function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, 'r+');
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw thrown;
  }
}

/** Overwrites all of an open file where it stands, durably. For small files only. */
export function overwrite(file: number): void {
  const { size } = fstatSync(file);
  writeSync(file, Buffer.alloc(size, 0xff), 0, size, 0);
  fsyncSync(file);
}

/** Overwrites a small file where it stands, durably, then removes it. @returns whether it was there */
export function overwriteAndRemove(path: string): boolean {
  const file = openIfThere(path);
  if (file === undefined) return false;
  try {
    overwrite(file);
  } finally {
    closeSync(file);
  }
  rmSync(path, { force: true });
  syncDirectory(dirname(path));
  return true;
}
