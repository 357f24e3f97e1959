import type { Disk } from '../env/disk.ts';
import { AgentError } from '../errors.ts';

const HEADER = 32;
const FRAME_HEADER = 24;
/** The header's first four bytes; the last bit says in which order of bytes sums are made. */
const MAGIC = 0x377f0682;

export type LogScan = {
  /** Frames and transactions that SQLite will read. */
  readonly frames: number;
  readonly commits: number;
  /** Frames behind the last whole transaction: of one that was being written when the power went. They are never read. */
  readonly cut: number;
  /** Something is wrong before the end: SQLite would drop without a word all that comes after it. */
  readonly damaged: boolean;
};

type Sums = readonly [number, number];

/**
 * Reads a write-ahead log as SQLite does, and beyond the point at which SQLite stops (https://sqlite.org/fileformat2.html#walformat).
 * At most the last transaction can be torn by a power cut, because each is synced before the next is written. A bad frame with more behind
 * it is damage; SQLite takes it for the end, and burns that were acknowledged would be undone.
 */
export function scanLog(disk: Disk, path: string): LogScan {
  const fd = openLog(disk, path);
  if (fd === undefined) return { frames: 0, commits: 0, cut: 0, damaged: false };
  try {
    return scan(disk, fd);
  } finally {
    disk.closeSync(fd);
  }
}

/** @throws AgentError `host.store_damaged` */
export function assertLogWhole(scanned: LogScan, path: string): void {
  if (!scanned.damaged) return;
  throw new AgentError(
    'host.store_damaged',
    `the write-ahead log ${path} is damaged in its middle: after ${scanned.commits} transactions, with others behind it`,
    {
      fault: 'host',
      remedy:
        'Marks of key that was used are lost, so this store must not be used again: replace the disk and start with an empty data directory.',
    },
  );
}

function openLog(disk: Disk, path: string): number | undefined {
  try {
    return disk.openSync(path, 'r');
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw thrown;
  }
}

function scan(disk: Disk, fd: number): LogScan {
  const header = Buffer.alloc(HEADER);
  if (disk.readSync(fd, header, 0, HEADER, 0) < HEADER)
    return { frames: 0, commits: 0, cut: 0, damaged: false };
  const little = (header.readUInt32BE(0) & 1) === 0;
  const headerSums = sumsOver([0, 0], header.subarray(0, 24), little);
  const pageBytes = header.readUInt32BE(8);
  // The header is synced before the first frame is written: frames behind a bad one are damage.
  const sound = same(headerSums, storedSums(header, 24)) && (header.readUInt32BE(0) & ~1) >>> 0 === MAGIC;
  const { size } = disk.fstatSync(fd);
  if (!sound || pageBytes < 512 || pageBytes > 65_536)
    return { frames: 0, commits: 0, cut: 0, damaged: size > HEADER };
  const walk = new Walk(header, little);
  const frame = Buffer.alloc(FRAME_HEADER + pageBytes);
  for (let at = HEADER; at + frame.length <= size; at += frame.length) {
    if (disk.readSync(fd, frame, 0, frame.length, at) < frame.length) break;
    walk.step(frame);
  }
  return walk.result;
}

class Walk {
  readonly #salts: Buffer;
  readonly #little: boolean;
  #sums: Sums;
  #good = 0;
  #read = 0;
  #commits = 0;
  #bad = false;
  /** Frames of this log behind the bad one, whole or not. */
  #behind = 0;
  /** The transaction of the bad frame has been ended, by that frame or by one behind it. */
  #ended = false;
  #damaged = false;

  constructor(header: Buffer, little: boolean) {
    this.#salts = Buffer.from(header.subarray(16, 24));
    this.#little = little;
    this.#sums = storedSums(header, 24);
  }

  step(frame: Buffer): void {
    // What an earlier round of the log left there has other salts.
    const current = frame.subarray(8, 16).equals(this.#salts);
    const commits = frame.readUInt32BE(4) !== 0;
    const sums = sumsOver(
      sumsOver(this.#sums, frame.subarray(0, 8), this.#little),
      frame.subarray(24),
      this.#little,
    );
    const whole = current && same(sums, storedSums(frame, 16));
    // Sums run on from frame to frame. Behind a bad one they run on from what stands in it, so that we see what SQLite does not.
    this.#sums = storedSums(frame, 16);
    if (this.#bad) return this.#stepBehind(current, whole, commits);
    if (whole) {
      this.#good += 1;
      if (!commits) return;
      this.#read = this.#good;
      this.#commits += 1;
      return;
    }
    this.#bad = true;
    this.#ended = current && commits;
    if (current) this.#behind += 1;
  }

  get result(): LogScan {
    const cut = this.#good - this.#read + this.#behind;
    return { frames: this.#read, commits: this.#commits, cut, damaged: this.#damaged };
  }

  #stepBehind(current: boolean, whole: boolean, commits: boolean): void {
    if (current) this.#behind += 1;
    if (!whole) return;
    // A whole frame of a later transaction: the one with the bad frame had been synced.
    if (this.#ended) this.#damaged = true;
    else this.#ended = commits;
  }
}

function storedSums(bytes: Buffer, at: number): Sums {
  return [bytes.readUInt32BE(at), bytes.readUInt32BE(at + 4)];
}

function same(one: Sums, other: Sums): boolean {
  return one[0] === other[0] && one[1] === other[1];
}

function sumsOver([first, second]: Sums, bytes: Buffer, little: boolean): Sums {
  const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at < bytes.length; at += 8) {
    first = (first + words.getUint32(at, little) + second) >>> 0;
    second = (second + words.getUint32(at + 4, little) + first) >>> 0;
  }
  return [first, second];
}
