import type { Disk } from '../../src/env/disk.ts';
import { systemDisk } from '../../src/node/disk.ts';
import { until } from '../manual-clock.ts';

/** A disk whose next sync off the main thread waits until it is let go. */
export class HeldSync {
  readonly disk: Disk;
  letGo: () => void = () => {};
  #asked = false;

  constructor() {
    const fdatasync: Disk['fdatasync'] = Object.assign(
      (file: number, done: (error: NodeJS.ErrnoException | null) => void) => {
        this.disk.fdatasync = systemDisk.fdatasync;
        this.letGo = () => systemDisk.fdatasync(file, done);
        setImmediate(() => {
          this.#asked = true;
        });
      },
      { __promisify__: systemDisk.fdatasync.__promisify__ },
    );
    this.disk = { ...systemDisk, fdatasync };
  }

  /** Resolves when the sync is asked for, and what was to happen at once has happened. */
  asked(): Promise<void> {
    return until('the sync is asked for', () => this.#asked);
  }
}
