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
  /** Bytes of which a sync has failed: no later sync writes them. */
  #hole: { from: number; readonly to: number } | undefined;

  /**
   * @param path of the database
   * @param killed as the process before has left it in the system's memory; undefined after a power cut
   */
  constructor(path: string, killed?: WriteAheadLog) {
    this.#path = `${path}-wal`;
    if (!existsSync(this.#path)) return;
    if (killed !== undefined) {
      this.#synced = killed.#synced;
      this.#before = killed.#before;
      this.#salts = killed.#salts;
      this.commits = killed.commits;
      this.#checkpointed = killed.#checkpointed;
      this.#hole = killed.#hole;
      return;
    }
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

  /** A sync has failed; the log has so many bytes. */
  forsaken(bytes: number): void {
    const from = Math.min(this.#synced, this.#hole?.from ?? this.#synced);
    if (bytes > from) this.#hole = { from, to: bytes };
  }

  /** Somebody writes bytes again that are there already. From the front, as one does who reads it all. */
  rewritten(at: number, length: number): void {
    if (this.#hole === undefined || at > this.#hole.from) return;
    // The next sync writes it.
    this.#synced = Math.min(this.#synced, this.#hole.from);
    this.#hole.from = Math.max(this.#hole.from, at + length);
    if (this.#hole.from >= this.#hole.to) this.#hole = undefined;
  }

  /** All of it is in the database, and both are synced. */
  checkpointed(): void {
    this.commits = 0;
    this.#checkpointed = readFileSync(this.#path);
    this.#synced = this.#checkpointed.length;
    this.#hole = undefined;
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
    this.#hole = undefined;
  }

  /** The log as it is, and as it was synced last. */
  images(): { synced: Buffer; written: Buffer } {
    const written = existsSync(this.#path) ? readFileSync(this.#path) : Buffer.alloc(0);
    const front = Buffer.from(written.subarray(0, this.#synced));
    if (this.#hole !== undefined) {
      const { from, to } = this.#hole;
      front.fill(0, Math.min(from, front.length), Math.min(to, front.length));
      this.#before.subarray(from, Math.min(to, front.length)).copy(front, Math.min(from, front.length));
    }
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
