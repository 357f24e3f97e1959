import { closeSync, existsSync, openSync, readFileSync, readSync, statSync } from 'node:fs';

const HEADER_BYTES = 32;

/**
 * How far a write-ahead log is synced. SQLite writes it from the front again after a checkpoint; it syncs the new header by itself, before the
 * first frame behind it.
 */
export class WriteAheadLog {
  readonly #path: string;
  /** Bytes from the front that are durable. */
  #synced = 0;
  /** What lay there before the log was begun anew. */
  #before: Buffer = Buffer.alloc(0);
  #salts = '';
  /** Since the last checkpoint. */
  commits = 0;
  #checkpointed: Buffer | undefined;

  /** @param path of the database */
  constructor(path: string) {
    this.#path = `${path}-wal`;
    if (!existsSync(this.#path)) return;
    // What the next life finds is on the disk.
    this.#synced = statSync(this.#path).size;
    this.#salts = this.#readSalts();
  }

  get bytes(): number {
    return statSync(this.#path, { throwIfNoEntry: false })?.size ?? 0;
  }

  get path(): string {
    return this.#path;
  }

  synced(bytes: number): void {
    this.#synced = bytes;
  }

  /** All of it is in the database, and both are synced. */
  checkpointed(): void {
    this.commits = 0;
    this.#checkpointed = readFileSync(this.#path);
    this.#synced = this.#checkpointed.length;
  }

  /** After a commit. */
  committed(): void {
    this.commits += 1;
    if (this.#salts !== '' && this.#checkpointed === undefined) return;
    const salts = this.#readSalts();
    if (salts === this.#salts) return;
    this.#salts = salts;
    this.#before = this.#checkpointed ?? Buffer.alloc(0);
    this.#checkpointed = undefined;
    this.#synced = HEADER_BYTES;
  }

  /** The log as it is, and as it was synced last. */
  images(): { synced: Buffer; written: Buffer } {
    const written = existsSync(this.#path) ? readFileSync(this.#path) : Buffer.alloc(0);
    const front = written.subarray(0, this.#synced);
    const behind = this.#before.subarray(Math.min(this.#synced, this.#before.length));
    return { synced: Buffer.concat([front, behind]), written };
  }

  #readSalts(): string {
    const header = Buffer.alloc(HEADER_BYTES);
    if (!existsSync(this.#path)) return '';
    const file = openSync(this.#path, 'r');
    const read = readSync(file, header, 0, HEADER_BYTES, 0);
    closeSync(file);
    return read < HEADER_BYTES ? '' : header.toString('hex', 16, 24);
  }
}
