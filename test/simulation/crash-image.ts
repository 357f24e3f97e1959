import type { Random } from '../fuzz/random.ts';

/** What a disk writes as one. */
export const SECTOR_BYTES = 512;

/** How much a power cut leaves of what was written and not synced. */
export type Loss = {
  /** Of 100 sectors, so many that were not synced are on the medium. */
  readonly keptPercent: number;
  /** Those that are there are the first ones; otherwise any. */
  readonly inOrder: boolean;
};

/**
 * A file as it is found after a power cut: each sector as it was synced last, or as it was written since.
 * @param synced all of the file as it was synced last
 * @param written as it would be without the cut
 */
export function afterPowerCut(synced: Buffer, written: Buffer, loss: Loss, random: Random): Buffer {
  const found = Buffer.alloc(Math.max(synced.length, written.length));
  let end = synced.length;
  let cut = false;
  for (let at = 0; at < found.length; at += SECTOR_BYTES) {
    const before = synced.subarray(at, at + SECTOR_BYTES);
    const after = written.subarray(at, at + SECTOR_BYTES);
    if (before.equals(after)) {
      before.copy(found, at);
      continue;
    }
    const kept = !cut && random.below(100) < loss.keptPercent;
    if (!kept && loss.inOrder) cut = true;
    (kept ? after : before).copy(found, at);
    if (kept) end = Math.max(end, Math.min(written.length, at + SECTOR_BYTES));
    // A sector that lost its end to a write that was not kept keeps what was there.
  }
  return found.subarray(0, written.length < synced.length && !cut ? written.length : end);
}
