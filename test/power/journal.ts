import { constants, openSync, readSync, writeSync } from 'node:fs';

/** Units of a block: its number, the first of them, how many. */
export type Piece = readonly [number: number, index: number, units: number];
export type BlockName = { readonly remote: string; readonly own: boolean; readonly number: number };

/** What is asked of a store. Said before it is asked, so that it is known what may have been done when no answer comes. */
export type Asked =
  | ({ readonly op: 'insert'; readonly units: number; readonly first: number; readonly epoch: number } & {
      readonly origin: 'link' | 'relay';
      readonly state: 'received' | 'ready';
    } & BlockName)
  | ({ readonly op: 'ready'; readonly first: number; readonly epoch: number } & BlockName)
  | ({ readonly op: 'destroy'; readonly state: 'destroyed' | 'quarantined' } & BlockName)
  | { readonly op: 'keys'; readonly remote: string; readonly count: number; readonly units: number }
  | { readonly op: 'pad'; readonly remote: string; readonly units: number }
  | {
      readonly op: 'open';
      readonly remote: string;
      readonly pieces: readonly Piece[];
      readonly ahead: boolean;
    }
  | { readonly op: 'receive'; readonly remote: string; readonly pieces: readonly Piece[] }
  | { readonly op: 'number'; readonly remote: string }
  | { readonly op: 'keep'; readonly remote: string; readonly ids: readonly string[] }
  | { readonly op: 'take'; readonly remote: string; readonly ids: readonly string[] }
  | { readonly op: 'meta'; readonly value: number };

/** Key that was handed out: whence, and the SHA-256 of all of it. */
export type Out = { readonly own: boolean; readonly pieces: readonly Piece[]; readonly sha: string };

/** What the store has said; nothing of it may be untrue after a crash. */
export type Answered = {
  /** Of an insertion: `stored`, `known` or `underway`; of foreign keys also `kept`. */
  readonly said?: string;
  readonly out?: readonly Out[];
  readonly number?: number;
};

/** A life is that of one process. `id` names what was asked, within its life. */
export type Line = { readonly life: number } & (
  | { readonly at: 'opened'; readonly storeId: string }
  | { readonly at: 'asked'; readonly id: number; readonly asked: Asked }
  | { readonly at: 'answered'; readonly id: number; readonly answered: Answered }
  | { readonly at: 'failed'; readonly what: string }
  | { readonly at: 'done' }
);

export type Journal = (line: Line) => void;

/** Lines down a pipe: when the call comes back they are out of the process, which may die then. */
export const pipeJournal: Journal = (line) => {
  writeSync(1, `${JSON.stringify(line)}\n`);
};

export const SECTOR_BYTES = 512;
const MEMORY_PAGE_BYTES = 65_536;

/**
 * Lines on a block device from `sector` on, behind its file system and past every cache of the kernel: they are among the writes to
 * that device in the order in which they were said. Each fills whole sectors; a journal that is there is continued.
 */
export function deviceJournal(path: string, sector: number, sectors: number): Journal {
  const device = openSync(path, constants.O_RDWR | constants.O_DIRECT);
  // Direct writes come from memory that is aligned, as WebAssembly's is.
  const memory = Buffer.from(new WebAssembly.Memory({ initial: 1, maximum: 1 }).buffer);
  let at = firstFree(device, memory, sector, sectors);
  return (line) => {
    const text = JSON.stringify(line);
    const length = Math.ceil(text.length / SECTOR_BYTES) * SECTOR_BYTES;
    if (length > MEMORY_PAGE_BYTES || at + length / SECTOR_BYTES > sector + sectors)
      throw new Error('the journal is full');
    memory.fill(' ', 0, length);
    memory.write(text, 0, 'latin1');
    if (writeSync(device, memory, 0, length, at * SECTOR_BYTES) !== length)
      throw new Error('the journal was not written whole');
    at += length / SECTOR_BYTES;
  };
}

// The sectors behind the last line are zero.
function firstFree(device: number, memory: Buffer, sector: number, sectors: number): number {
  let [low, high] = [sector, sector + sectors];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    readSync(device, memory, 0, SECTOR_BYTES, middle * SECTOR_BYTES);
    if (memory[0] === 0) high = middle;
    else low = middle + 1;
  }
  return low;
}
