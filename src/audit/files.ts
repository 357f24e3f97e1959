import { join } from 'node:path';
import type { Disk } from '../env/disk.ts';
import { AgentError, messageOf } from '../errors.ts';
import { limits } from '../limits.ts';

/** One file of a trail. Its name has the sequence number of its first line, so that names sort as lines do. */
export type TrailFile = { readonly name: string; readonly firstSeq: number; bytes: number };

const NAME = /^audit-([0-9]{16})\.jsonl$/;
const NEWLINE = 0x0a;
const CHUNK = 1 << 20;

export function nameOfFile(firstSeq: number): string {
  return `audit-${String(firstSeq).padStart(16, '0')}.jsonl`;
}

/** The files of the trail in a directory, in order. @throws AgentError `host.audit_unreadable` */
export function trailFiles(disk: Disk, directory: string): TrailFile[] {
  try {
    return disk
      .readdirSync(directory)
      .flatMap((name) => {
        const firstSeq = Number(NAME.exec(name)?.[1] ?? Number.NaN);
        return Number.isNaN(firstSeq)
          ? []
          : [{ name, firstSeq, bytes: disk.statSync(join(directory, name)).size }];
      })
      .sort((a, b) => a.firstSeq - b.firstSeq);
  } catch (cause) {
    throw unreadable(directory, cause);
  }
}

export type Piece = {
  /** A line without its newline, or what follows the last newline. */
  readonly bytes: Buffer;
  readonly whole: boolean;
  /** Where it begins in the file. */
  readonly at: number;
};

/**
 * The lines of a file. One that never ends is given in pieces, none of which is a line of ours.
 * @param from where to begin: the beginning of a line
 * @throws AgentError `host.audit_unreadable`
 */
export function* linesOf(disk: Disk, path: string, from = 0): Generator<Piece> {
  const file = opened(disk, path);
  try {
    let rest: Buffer = Buffer.alloc(0);
    let at = from;
    for (let position = from; ; ) {
      const chunk = Buffer.alloc(CHUNK);
      const count = readAt(disk, file, chunk, position, path);
      if (count === 0) break;
      position += count;
      rest = Buffer.concat([rest, chunk.subarray(0, count)]);
      for (let end = endOf(rest); end >= 0; end = endOf(rest)) {
        yield { bytes: rest.subarray(0, end), whole: true, at };
        const next = rest[end] === NEWLINE ? end + 1 : end;
        rest = rest.subarray(next);
        at += next;
      }
    }
    if (rest.length > 0) yield { bytes: rest, whole: false, at };
  } finally {
    disk.closeSync(file);
  }
}

function endOf(bytes: Buffer): number {
  const end = bytes.indexOf(NEWLINE);
  return end < 0 && bytes.length > limits.auditLineBytesMax ? limits.auditLineBytesMax : end;
}

/** The last `bytes` of a file at most, from the beginning of a line on. */
export function tailOf(disk: Disk, path: string, bytes: number = limits.auditTailBytes): Piece[] {
  const from = Math.max(0, disk.statSync(path).size - bytes);
  const pieces = [...linesOf(disk, path, from)];
  return from === 0 ? pieces : pieces.slice(1);
}

/** Up to `bytes` from `at` on. @throws AgentError `host.audit_unreadable` */
export function readPart(disk: Disk, path: string, at: number, bytes: number): Buffer {
  const file = opened(disk, path);
  try {
    const part = Buffer.alloc(bytes);
    return part.subarray(0, readAt(disk, file, part, at, path));
  } finally {
    disk.closeSync(file);
  }
}

function opened(disk: Disk, path: string): number {
  try {
    return disk.openSync(path, 'r');
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

function readAt(disk: Disk, file: number, into: Buffer, at: number, path: string): number {
  try {
    return disk.readSync(file, into, 0, into.length, at);
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

function unreadable(path: string, cause: unknown): AgentError {
  return new AgentError('host.audit_unreadable', `the audit trail cannot be read: ${messageOf(cause)}`, {
    fault: 'host',
    remedy: `Run this as the user that the agent runs as, and see that ${path} is there.`,
    cause,
  });
}
