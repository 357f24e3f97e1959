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
 * A file as it is found after a power cut: each sector as it was synced last, or as it was written since. What was added at its end is there
 * up to some point: a file system makes a file longer when its bytes are written, not before.
 * @param synced all of the file as it was synced last
 * @param written as it would be without the cut
 */
export function afterPowerCut(synced: Buffer, written: Buffer, loss: Loss, random: Random): Buffer {
  const found = Buffer.alloc(Math.max(synced.length, written.length));
  synced.copy(found);
  let end = synced.length;
  let cut = false;
  for (let at = 0; at < written.length; at += SECTOR_BYTES) {
    const after = written.subarray(at, at + SECTOR_BYTES);
    if (synced.subarray(at, at + SECTOR_BYTES).equals(after)) continue;
    const kept = !cut && random.below(100) < loss.keptPercent;
    const added = at + after.length > synced.length;
    if (!kept && (loss.inOrder || added)) cut = true;
    if (!kept) continue;
    after.copy(found, at);
    end = Math.max(end, at + after.length);
  }
  const shortened = written.length < synced.length && !cut && random.below(100) < loss.keptPercent;
  return found.subarray(0, shortened ? written.length : end);
}
