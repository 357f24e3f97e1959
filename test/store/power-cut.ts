import { strict as assert } from 'node:assert';
import fs from 'node:fs';
import { join } from 'node:path';
import type { Disk } from '../../src/env/disk.ts';
import { systemDisk } from '../../src/node/disk.ts';

/**
 * Knows how much of each write-ahead log was synced, and makes of a store in use what a power cut could leave of it: all that was
 * synced, and of what was written since any part from the front.
 */
export class PowerCut {
  readonly #synced = new Map<string, number>();

  /** Whose syncs are watched. */
  readonly disk: Disk = {
    ...systemDisk,
    fdatasync: ((fd: number, done: fs.NoParamCallback) => {
      const file = fs.fstatSync(fd);
      const name = nameOf(file);
      systemDisk.fdatasync(fd, (error) => {
        if (error === null) this.#synced.set(name, Math.max(file.size, this.#synced.get(name) ?? 0));
        done(error);
      });
    }) as Disk['fdatasync'],
  };

  /** @param share of the bytes that were written and not synced, 0 to 1: that much of them is kept */
  copy(from: string, to: string, share: number): void {
    const log = join(from, 'keys.sqlite-wal');
    const file = fs.statSync(log);
    const synced = this.#synced.get(nameOf(file)) ?? 0;
    assert.ok(synced <= file.size, 'the log was not begun anew');
    const kept = join(to, 'keys.sqlite-wal');
    for (const name of ['keys.sqlite', 'keys.sealing', 'keys.blocks'])
      fs.copyFileSync(join(from, name), join(to, name));
    fs.copyFileSync(log, kept);
    fs.truncateSync(kept, synced + Math.floor((file.size - synced) * share));
    // What the next life finds is on the disk.
    const found = fs.statSync(kept);
    this.#synced.set(nameOf(found), found.size);
  }
}

// A file that is made anew may have the inode of one that is gone.
const nameOf = ({ ino, birthtimeMs }: fs.Stats): string => `${ino} ${birthtimeMs}`;
