import { strict as assert } from 'node:assert';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

/**
 * Knows how much of each write-ahead log was synced, and makes of a store in use what a power cut could leave of it: all that was
 * synced, and of what was written since any part from the front.
 */
export class PowerCut {
  readonly #synced = new Map<number, number>();

  /** Watches every fdatasync of this process until the test has ended. */
  constructor(t: TestContext) {
    const { fdatasync } = fs;
    const watched = (fd: number, done: fs.NoParamCallback) => {
      const { ino, size } = fs.fstatSync(fd);
      fdatasync(fd, (error) => {
        if (error === null) this.#synced.set(ino, Math.max(size, this.#synced.get(ino) ?? 0));
        done(error);
      });
    };
    Object.assign(fs, { fdatasync: watched });
    syncBuiltinESMExports();
    t.after(() => {
      Object.assign(fs, { fdatasync });
      syncBuiltinESMExports();
    });
  }

  /** @param share of the bytes that were written and not synced, 0 to 1: that much of them is kept */
  copy(from: string, to: string, share: number): void {
    const log = join(from, 'keys.sqlite-wal');
    const { ino, size } = fs.statSync(log);
    const synced = this.#synced.get(ino) ?? 0;
    assert.ok(synced <= size, 'the log was not begun anew');
    const kept = join(to, 'keys.sqlite-wal');
    fs.copyFileSync(join(from, 'keys.sqlite'), join(to, 'keys.sqlite'));
    fs.copyFileSync(log, kept);
    fs.truncateSync(kept, synced + Math.floor((size - synced) * share));
  }
}
