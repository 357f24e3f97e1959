import { join } from 'node:path';
import type { Disk } from '../env/disk.ts';
import { limits } from '../limits.ts';
import { readLine } from './chain/line.ts';
import { linesOf, nameOfFile, readPart, trailFiles } from './files.ts';

/** Where a reader of the trail stands: behind line `seq`. */
export type Place = { readonly seq: number; readonly file: string; readonly at: number };

/**
 * The place behind line `seq`; where that is gone, the one before the oldest line that is left. Undefined while there is no trail.
 * @throws AgentError `host.audit_unreadable`
 */
export function placeBehind(disk: Disk, directory: string, seq: number): Place | undefined {
  const files = trailFiles(disk, directory);
  const file = files.findLast(({ firstSeq }) => firstSeq <= seq + 1) ?? files[0];
  if (file === undefined) return undefined;
  if (file.firstSeq > seq) return { seq: file.firstSeq - 1, file: file.name, at: 0 };
  let end = 0;
  let last = file.firstSeq - 1;
  for (const { bytes, whole, at } of linesOf(disk, join(directory, file.name))) {
    const read = whole ? readLine(bytes) : undefined;
    if (read === undefined || read.seq > seq) continue;
    last = read.seq;
    end = at + bytes.length + 1;
  }
  return { seq: last, file: file.name, at: end };
}

/** Some lines behind a place, and the place behind them; none at the end of the trail. @throws AgentError `host.audit_unreadable` */
export function linesBehind(disk: Disk, directory: string, place: Place): { lines: Buffer[]; place: Place } {
  const part = readPart(
    disk,
    join(directory, place.file),
    place.at,
    limits.auditShipBytes + limits.auditLineBytesMax,
  );
  const end = part.lastIndexOf('\n') + 1;
  if (end === 0) return { lines: [], place: nextFile(disk, directory, place) ?? place };
  const lines: Buffer[] = [];
  let { seq } = place;
  for (let at = 0; at < end; ) {
    const stop = part.indexOf('\n', at);
    const line = part.subarray(at, stop);
    lines.push(line);
    seq = readLine(line)?.seq ?? seq;
    at = stop + 1;
  }
  return { lines, place: { seq, file: place.file, at: place.at + end } };
}

// The file after the last line of this one is named by that line.
function nextFile(disk: Disk, directory: string, { seq, file }: Place): Place | undefined {
  const name = nameOfFile(seq + 1);
  const next = trailFiles(disk, directory).find((one) => one.name > file);
  if (next === undefined || next.name === file) return undefined;
  return { seq: next.name === name ? seq : next.firstSeq - 1, file: next.name, at: 0 };
}
