import type { Disk } from '../env/disk.ts';

/** More than are ever under way at once. */
const LENGTHS = 4_096;

/**
 * A file of no content and no name, to ask the file system whether it still takes changes. ext4 may answer a sync with success although its
 * journal is being given up at that moment (an I/O error in the journal; seen on Linux 6.18, in one of ten such moments): then the bytes that made
 * the file longer are gone at the next mount. A change of this file asks the journal itself, and is refused when it was given up.
 */
export class Witness {
  readonly #disk: Disk;
  readonly #fd: number;
  #length = 0;

  /** @param path of a file that is made and removed at once */
  constructor(disk: Disk, path: string) {
    this.#disk = disk;
    this.#fd = disk.openSync(path, 'w+', 0o600);
    disk.rmSync(path);
  }

  /** Throws when the file system takes no change any more. */
  askNow(): void {
    this.#disk.ftruncateSync(this.#fd, this.#next());
  }

  /** @param done told the error when the file system takes no change any more */
  ask(done: (error: Error | null) => void): void {
    this.#disk.ftruncate(this.#fd, this.#next(), done);
  }

  close(): void {
    this.#disk.closeSync(this.#fd);
  }

  // Each time another length: a file system need not journal what changes nothing, and calls may overtake each other.
  #next(): number {
    this.#length = (this.#length + 1) % LENGTHS;
    return this.#length;
  }
}

/** Which syncs need a proof: all, or those after which the file is longer, where each write lies behind the one before or in its place. */
export type Proofs = 'always' | 'longer';

/** Syncs of one file, each proven where the file system's journal may have had a part in it. */
export class ProvenSync {
  readonly #disk: Disk;
  readonly #fd: number;
  readonly #witness: Witness;
  readonly #proofs: Proofs;
  /** Bytes of the file that are known to be there after a loss of power. */
  #proven = 0;

  /** @param fd only lent, as is the witness, which is of the same file system */
  constructor(disk: Disk, fd: number, witness: Witness, proofs: Proofs) {
    this.#disk = disk;
    this.#fd = fd;
    this.#witness = witness;
    this.#proofs = proofs;
  }

  /** @param done null: all that was written before is durable. An error is final: nobody knows what is on the disk */
  run(done: (error: Error | null) => void): void {
    let size: number;
    try {
      size = this.#disk.fstatSync(this.#fd).size;
    } catch (thrown) {
      return done(thrown as Error);
    }
    // It was cut short meanwhile.
    this.#proven = Math.min(this.#proven, size);
    this.#disk.fdatasync(this.#fd, (error) => {
      const needsProof = this.#proofs === 'always' || size > this.#proven;
      if (error !== null || !needsProof) return done(error);
      this.#witness.ask((refused) => {
        if (refused === null) this.#proven = size;
        done(refused);
      });
    });
  }
}
