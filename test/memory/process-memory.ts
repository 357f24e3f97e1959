import { closeSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { type Hit, type KeyFinder, OVERLAP_BYTES } from './key-finder.ts';

export type Mapping = {
  readonly start: number;
  readonly end: number;
  readonly access: string;
  readonly path: string;
  /** The kernel's two-letter words for it: `lo` is locked into memory, `dd` left out of core dumps. */
  readonly flags: readonly string[];
};

export type Found = Hit & { readonly mapping: Mapping };

const CHUNK = 1 << 16;
const PAGE = 4096;
/** Bytes for each page in /proc/PID/pagemap. */
const ENTRY = 8;
const NOTHING = Buffer.alloc(CHUNK + OVERLAP_BYTES);
// The kernel's own pages; they can't be read this way.
const UNREADABLE = ['[vvar]', '[vsyscall]', '[vvar_vclock]'];

/** The mappings of a process, as /proc/PID/smaps has them. */
export function mappingsOf(pid: number): Mapping[] {
  const mappings: Mapping[] = [];
  for (const line of readFileSync(`/proc/${pid}/smaps`, 'utf8').split('\n')) {
    const head = /^([0-9a-f]+)-([0-9a-f]+) (\S{4}) \S+ \S+ \S+ *(.*)$/.exec(line);
    if (head !== null) {
      const [start, end] = [Number.parseInt(head[1]!, 16), Number.parseInt(head[2]!, 16)];
      mappings.push({ start, end, access: head[3]!, path: head[4]!, flags: [] });
    } else if (line.startsWith('VmFlags:')) {
      const last = mappings.pop()!;
      mappings.push({ ...last, flags: line.slice(8).trim().split(' ') });
    }
  }
  return mappings;
}

/** Searches all memory of a process that it can read itself and that it ever touched. It should stand still meanwhile. */
export function searchProcess(
  pid: number,
  finder: KeyFinder,
): { hits: Found[]; bytes: number; unread: number } {
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  const pages = openSync(`/proc/${pid}/pagemap`, 'r');
  const hits: Found[] = [];
  let bytes = 0;
  let unread = 0;
  try {
    for (const mapping of mappingsOf(pid)) {
      const { access, path } = mapping;
      if (access[0] !== 'r' || UNREADABLE.includes(path)) continue;
      // What of a file can't be written to is as it is in the file.
      if (access[1] !== 'w' && path.startsWith('/')) continue;
      for (const { start, end } of touched(pages, mapping)) {
        const read = searchFile(memory, start, end, finder, (hit) => hits.push({ ...hit, mapping }));
        bytes += read;
        unread += end - start - read;
      }
    }
  } finally {
    closeSync(memory);
    closeSync(pages);
  }
  return { hits, bytes, unread };
}

/** Searches a file, a core dump for one. */
export function searchCore(path: string, finder: KeyFinder): { hits: Hit[]; bytes: number } {
  const file = openSync(path, 'r');
  const hits: Hit[] = [];
  const bytes = statSync(path).size;
  try {
    searchFile(file, 0, bytes, finder, (hit) => hits.push(hit));
  } finally {
    closeSync(file);
  }
  return { hits, bytes };
}

/** The runs of pages that are in memory or in swap; most of what a process has mapped never was. */
function touched(pages: number, { start, end }: Mapping): { start: number; end: number }[] {
  const entries = Buffer.alloc(((end - start) / PAGE) * ENTRY);
  const length = readSync(pages, entries, 0, entries.length, (start / PAGE) * ENTRY);
  const runs: { start: number; end: number }[] = [];
  for (let at = 0; at < length; at += ENTRY) {
    // The two highest bits of a page's entry.
    if (entries[at + ENTRY - 1]! >> 6 === 0) continue;
    const page = start + (at / ENTRY) * PAGE;
    const last = runs.at(-1);
    if (last?.end === page) last.end += PAGE;
    else runs.push({ start: page, end: page + PAGE });
  }
  return runs;
}

/** @returns how many bytes could be read */
function searchFile(
  file: number,
  start: number,
  end: number,
  finder: KeyFinder,
  onHit: (hit: Hit) => void,
): number {
  const chunk = Buffer.alloc(CHUNK + OVERLAP_BYTES);
  // What a piece began at the end of the chunk before is searched with this one; so some are found twice.
  let kept = 0;
  for (let at = start; at < end; ) {
    const read = readSome(file, chunk.subarray(kept, kept + Math.min(CHUNK, end - at)), at);
    if (read === 0) return at - start;
    at += read;
    const filled = chunk.subarray(0, kept + read);
    // Most of what a process has mapped was never written to.
    if (!filled.equals(NOTHING.subarray(0, filled.length))) finder.search(filled, at - filled.length, onHit);
    kept = Math.min(OVERLAP_BYTES, filled.length);
    chunk.copyWithin(0, filled.length - kept, filled.length);
  }
  return end - start;
}

// Of a process that runs, a mapping may go while it is looked at.
function readSome(file: number, into: Buffer, at: number): number {
  try {
    return readSync(file, into, 0, into.length, at);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'EIO') throw thrown;
    return 0;
  }
}
