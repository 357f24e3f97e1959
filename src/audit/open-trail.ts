import { join } from 'node:path';
import { makeDirectories, makeDurable } from '../disk/durable.ts';
import type { Disk } from '../env/disk.ts';
import { AgentError, messageOf } from '../errors.ts';
import { BEGINNING, type Link, type ReadLine, readLine } from './chain/line.ts';
import { type Piece, type TrailFile, tailOf, trailFiles } from './files.ts';

/** What was found at the end of a trail, to be put on record. */
export type Finding = {
  readonly what: 'audit.torn' | 'audit.damaged' | 'audit.missing';
  readonly reason: string;
  readonly facts: Readonly<Record<string, string | number>>;
};

export type OpenedTrail = {
  /** All of the trail's files, in order; the newest is gone on with, unless `fresh`. */
  readonly files: TrailFile[];
  readonly fresh: boolean;
  readonly head: Link;
  readonly findings: readonly Finding[];
  /** How the agent that wrote it last ended. */
  readonly before: 'none' | 'stopped' | 'crashed';
};

/** No line is shorter: with it, lines that can't be read any more are counted high enough. */
const LINE_BYTES_MIN = 200;

type Tail = { readonly pieces: readonly Piece[]; readonly reads: readonly (ReadLine | undefined)[] };

/**
 * Finds the end of the trail in a directory, and makes the directory. The last line of a crash is cut off when it is not whole. What else
 * is wrong is left as it is, so that whoever looks finds it.
 * @param anchor the last place that the store remembers: the trail must reach it
 * @throws AgentError `host.audit_unwritable`
 */
export function openTrail(disk: Disk, directory: string, anchor: Link | undefined): OpenedTrail {
  try {
    makeDirectories(disk, directory);
    disk.chmodSync(directory, 0o700);
    return opened(disk, directory, trailFiles(disk, directory), anchor);
  } catch (cause) {
    throw cause instanceof AgentError ? cause : unwritable(directory, cause);
  }
}

function opened(disk: Disk, directory: string, files: TrailFile[], anchor: Link | undefined): OpenedTrail {
  const newest = files.at(-1);
  if (newest === undefined) {
    const findings = anchor === undefined ? [] : [missing(0, anchor.seq)];
    return { files, fresh: true, head: anchor ?? BEGINNING, findings, before: 'none' };
  }
  const path = join(directory, newest.name);
  const tail = readTail(disk, path);
  const sound = tail.reads.findLastIndex((read) => read?.sound);
  const last = tail.reads[sound];
  if (last === undefined) return withoutLine(disk, directory, files, newest, anchor);
  const head = { seq: last.seq, hash: last.hash };
  const before = endedBy(tail.reads);
  const findings = damage(tail, sound, anchor);
  if (anchor !== undefined && anchor.seq > head.seq)
    return {
      files,
      fresh: true,
      head: anchor,
      findings: [...findings, missing(head.seq, anchor.seq)],
      before,
    };
  // No crash leaves a whole line that is not sound.
  if (tail.reads.slice(sound + 1).some((read) => read !== undefined))
    return { files, fresh: true, head, findings: [...findings, changed(head.seq + 1)], before };
  const { at, bytes } = tail.pieces[sound]!;
  const end = at + bytes.length + 1;
  if (end < newest.bytes) {
    cut(disk, path, end);
    findings.push(torn(newest.name, newest.bytes - end));
  } else if (end > newest.bytes) disk.appendFileSync(path, '\n', { flush: true });
  newest.bytes = end;
  // The sync that it ended with may have failed.
  if (before === 'crashed') rewrite(disk, path);
  return { files, fresh: false, head, findings, before };
}

function readTail(disk: Disk, path: string): Tail {
  const pieces = tailOf(disk, path);
  return { pieces, reads: pieces.map(({ bytes }) => readLine(bytes)) };
}

// A file that a crash left without a line goes; one that has something else in it stays, and the trail goes on behind it.
function withoutLine(
  disk: Disk,
  directory: string,
  files: TrailFile[],
  newest: TrailFile,
  anchor: Link | undefined,
): OpenedTrail {
  if (newest.bytes < LINE_BYTES_MIN && (anchor?.seq ?? 0) < newest.firstSeq) {
    disk.rmSync(join(directory, newest.name));
    return opened(disk, directory, files.slice(0, -1), anchor);
  }
  const seq = Math.max(anchor?.seq ?? 0, newest.firstSeq + Math.ceil(newest.bytes / LINE_BYTES_MIN));
  const head = anchor?.seq === seq ? anchor : { ...BEGINNING, seq };
  const reason = 'the newest file has no line that can be read';
  const finding = { what: 'audit.damaged', reason, facts: { file: newest.name } } as const;
  return { files, fresh: true, head, findings: [finding], before: 'crashed' };
}

function damage({ reads }: Tail, to: number, anchor: Link | undefined): Finding[] {
  for (let i = 0; i <= to; i++) {
    const read = reads[i];
    const last = reads[i - 1];
    const follows = last === undefined || (read?.seq === last.seq + 1 && read.prev === last.hash);
    const known = anchor?.seq === read?.seq ? anchor?.hash : read?.hash;
    if (read?.sound && follows && read.hash === known) continue;
    return [changed(read?.seq ?? (last?.seq ?? 0) + 1)];
  }
  return [];
}

function changed(seq: number): Finding {
  const reason = 'the trail was changed, or the disk has damaged it';
  return { what: 'audit.damaged', reason, facts: { at_seq: seq } };
}

function endedBy(reads: Tail['reads']): OpenedTrail['before'] {
  const end = reads.findLast((read) => read?.what === 'agent.stopped' || read?.what === 'agent.started');
  return end?.what === 'agent.stopped' ? 'stopped' : 'crashed';
}

function torn(file: string, bytes: number): Finding {
  const reason = 'the agent or the machine ended while a line was being written';
  return { what: 'audit.torn', reason, facts: { file, bytes } };
}

function missing(from: number, to: number): Finding {
  const reason = 'the store remembers lines that the trail does not have';
  return { what: 'audit.missing', reason, facts: { from_seq: from + 1, to_seq: to } };
}

function rewrite(disk: Disk, path: string): void {
  const file = disk.openSync(path, 'r+');
  try {
    makeDurable(disk, file);
  } finally {
    disk.closeSync(file);
  }
}

function cut(disk: Disk, path: string, bytes: number): void {
  const file = disk.openSync(path, 'r+');
  try {
    disk.ftruncateSync(file, bytes);
    disk.fsyncSync(file);
  } finally {
    disk.closeSync(file);
  }
}

export function unwritable(directory: string, cause: unknown): AgentError {
  return new AgentError(
    'host.audit_unwritable',
    `no audit trail can be kept in ${directory}: ${messageOf(cause)}`,
    {
      fault: 'host',
      remedy: 'Let the agent write there, free space on its disk, or set another audit.directory.',
      cause,
    },
  );
}
