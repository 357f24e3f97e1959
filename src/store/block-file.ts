import { dirname } from 'node:path';
import { syncDirectory } from '../disk/durable.ts';
import { ProvenSync, type Witness } from '../disk/proven-sync.ts';
import type { Disk } from '../env/disk.ts';
import type { AgentError } from '../errors.ts';
import { limits } from '../limits.ts';
import { Extents } from './extents.ts';
import { syncFailed, writeFailed } from './faults.ts';

const GRANULE = limits.blockFileGranuleBytes;

/**
 * Sealed records of long blocks, each in one place of one file: SQLite would write every byte twice, and its pages one by one. A place is written
 * and synced before a row names it, and given to another block after the row that named it is durably gone; what else is in the file means nothing. What
 * was in a place is not overwritten when it is given back: the key under which it is sealed is.
 */
export class BlockFile {
  readonly #disk: Disk;
  readonly #fd: number;
  readonly #fileSync: ProvenSync;
  readonly #extents: Extents;
  readonly #onBroken: (error: AgentError) => void;
  readonly #spare: Buffer[] = [];
  #underway = 0;
  #idle: (() => void) | undefined;
  #broken: AgentError | undefined;
  #syncing: Promise<void> | undefined;
  #nextSync: Promise<void> | undefined;

  /**
   * @param used what the rows name: place in granules, length in bytes
   * @param onBroken nobody knows what is on the disk any more
   */
  constructor(
    disk: Disk,
    path: string,
    witness: Witness,
    used: Iterable<{ at: number; bytes: number }>,
    onBroken: (error: AgentError) => void,
  ) {
    this.#extents = new Extents([...used].map(({ at, bytes }) => ({ at, length: granules(bytes) })));
    this.#onBroken = onBroken;
    this.#disk = disk;
    this.#fd = this.#disk.openSync(path, disk.constants.O_RDWR | disk.constants.O_CREAT, 0o600);
    this.#disk.chmodSync(path, 0o600);
    // Writes overtake each other: one may fill a hole before the end.
    this.#fileSync = new ProvenSync(disk, this.#fd, witness, 'always');
    this.#disk.ftruncateSync(this.#fd, this.#extents.end * GRANULE);
    // The last file of the store to be opened: what is stored in any of them must not be lost with a name.
    syncDirectory(disk, dirname(path));
  }

  /** Bytes that the file takes. */
  get bytes(): number {
    return this.#extents.end * GRANULE;
  }

  /** Memory of at least `bytes`, to seal into and to read into; give it back. */
  lend(bytes: number): Buffer {
    const spare = this.#spare.pop();
    return spare !== undefined && spare.length >= bytes ? spare : Buffer.allocUnsafeSlow(bytes);
  }

  giveBack(memory: Buffer): void {
    if (this.#spare.length < limits.blockFileSpareBuffers) this.#spare.push(memory);
  }

  /** @returns the place in granules, once the bytes are durable. @throws AgentError `host.store_write_failed`, `host.store_sync_failed` */
  async write(record: Buffer): Promise<number> {
    if (this.#broken !== undefined) throw this.#broken;
    this.#underway += 1;
    const at = this.#extents.take(granules(record.length));
    try {
      await writeAll(this.#disk, this.#fd, record, at * GRANULE);
      await this.#synced();
      return at;
    } catch (cause) {
      this.#extents.give(at, granules(record.length));
      throw this.#broken ?? writeFailed(cause);
    } finally {
      this.#underway -= 1;
      if (this.#underway === 0) this.#idle?.();
    }
  }

  /** Fills `into`. Fewer bytes than that, when the file is cut short, leave the rest as it was: the record will not open. */
  read(at: number, into: Buffer): void {
    let done = 0;
    while (done < into.length) {
      const count = this.#disk.readSync(this.#fd, into, done, into.length - done, at * GRANULE + done);
      if (count === 0) return;
      done += count;
    }
  }

  /** The row that named the place is durably gone. */
  free(at: number, bytes: number): void {
    this.#extents.give(at, granules(bytes));
  }

  /** Waits for writes under way: the descriptor may be another file's as soon as it is closed. */
  async close(): Promise<void> {
    this.#broken ??= writeFailed(new Error('the store is closed'));
    if (this.#underway > 0)
      await new Promise<void>((resolve) => {
        this.#idle = resolve;
      });
    this.#disk.ftruncateSync(this.#fd, this.#extents.end * GRANULE);
    this.#disk.closeSync(this.#fd);
  }

  // Whoever comes while a sync is under way shares the next one.
  #synced(): Promise<void> {
    this.#nextSync ??= (this.#syncing ?? Promise.resolve()).catch(() => {}).then(() => this.#sync());
    return this.#nextSync;
  }

  #sync(): Promise<void> {
    this.#syncing = this.#nextSync;
    this.#nextSync = undefined;
    return new Promise((resolve, reject) => {
      this.#fileSync.run((error) => {
        if (error === null) return resolve();
        this.#broken ??= syncFailed(error);
        this.#onBroken(this.#broken);
        reject(this.#broken);
      });
    });
  }
}

function granules(bytes: number): number {
  return Math.ceil(bytes / GRANULE);
}

function writeAll(disk: Disk, fd: number, bytes: Buffer, at: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const from = (done: number): void => {
      disk.write(fd, bytes, done, bytes.length - done, at + done, (error, count) => {
        if (error !== null) return reject(error);
        if (done + count === bytes.length) return resolve();
        from(done + count);
      });
    };
    from(0);
  });
}
