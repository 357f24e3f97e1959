import { readFileSync } from 'node:fs';
import type { Random } from '../fuzz/random.ts';
import { SECTOR_BYTES } from './journal.ts';

/** What a disk writes as one: a physical sector. */
const ATOM_SECTORS = 8;
const MAGIC = 0x6a736677736872n;
const FLUSH = 1n;
const FUA = 2n;
const DISCARD = 4n;

/** What a disk was told: to write, or to have all that came before on its medium. */
export type Entry = { readonly flush: boolean; readonly sector: number; readonly data: Buffer };

/** The log that QEMU's blklogwrites has made of a disk (the format of Linux's dm-log-writes), with sectors of 512 bytes. */
export function readWriteLog(path: string): Entry[] {
  const log = readFileSync(path);
  const count = Number(log.readBigUInt64LE(16));
  if (log.readBigUInt64LE(0) !== MAGIC || log.readUInt32LE(24) !== SECTOR_BYTES)
    throw new Error(`${path} is no log of writes with sectors of ${SECTOR_BYTES} bytes`);
  const entries: Entry[] = [];
  for (let at = SECTOR_BYTES; entries.length < count; ) {
    const [sector, sectors, flags] = [0, 8, 16].map((offset) => log.readBigUInt64LE(at + offset));
    if ((flags! & (FUA | DISCARD)) !== 0n)
      throw new Error(`flags ${flags}: the guest's disk has no such orders`);
    const end = at + SECTOR_BYTES + Number(sectors) * SECTOR_BYTES;
    const data = log.subarray(at + SECTOR_BYTES, end);
    entries.push({ flush: (flags! & FLUSH) !== 0n, sector: Number(sector), data });
    at = end;
  }
  return entries;
}

/** A disk that may lose what it was not told to flush: any of its physical sectors, whichever came first. */
export class LossyDisk {
  readonly #medium: Buffer;
  #cache: Entry[] = [];

  /** @param image as it was before the log began; what is written behind its end is not kept */
  constructor(image: Buffer) {
    this.#medium = Buffer.from(image);
  }

  take(entry: Entry): void {
    if (entry.flush) {
      for (const { sector, data } of this.#cache) data.copy(this.#medium, sector * SECTOR_BYTES);
      this.#cache = [];
    }
    if (entry.data.length > 0) this.#cache.push(entry);
  }

  /** Writes that may be lost. */
  get unsynced(): number {
    return this.#cache.length;
  }

  /** What is found when the power is back. @param kept the share of what was not flushed that is on the medium */
  afterPowerCut(random: Random, kept: number): Buffer {
    const found = Buffer.from(this.#medium);
    const keeps = (): boolean => random.below(1_000) < kept * 1_000;
    for (const { sector, data } of this.#cache) {
      // One write in four is torn.
      const whole = random.once(4) ? undefined : keeps();
      const end = sector + data.length / SECTOR_BYTES;
      for (let from = sector, to = sector; from < end; from = to) {
        to = Math.min(end, (Math.floor(from / ATOM_SECTORS) + 1) * ATOM_SECTORS);
        const [first, last] = [from - sector, to - sector].map((at) => at * SECTOR_BYTES);
        if (whole ?? keeps()) data.copy(found, from * SECTOR_BYTES, first, last);
      }
    }
    return found;
  }
}
