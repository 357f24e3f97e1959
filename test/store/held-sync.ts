import type { Disk } from '../../src/env/disk.ts';
import { systemDisk } from '../../src/node/disk.ts';

/** A disk whose next sync off the main thread waits until it is let go. */
export class HeldSync {
  readonly disk: Disk;
  /** Resolves when the sync is asked for, and what was to happen at once has happened. */
  readonly asked: Promise<void>;
  letGo: () => void = () => {};

  constructor() {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.asked = promise;
    const fdatasync: Disk['fdatasync'] = Object.assign(
      (file: number, done: (error: NodeJS.ErrnoException | null) => void) => {
        this.disk.fdatasync = systemDisk.fdatasync;
        this.letGo = () => systemDisk.fdatasync(file, done);
        setImmediate(resolve);
      },
      { __promisify__: systemDisk.fdatasync.__promisify__ },
    );
    this.disk = { ...systemDisk, fdatasync };
  }
}
