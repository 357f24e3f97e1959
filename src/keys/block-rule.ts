/**
 * Which KMA allocates from a link block: the KMA whose ID sorts first (IDs are ASCII, compared byte by byte) owns the even numbers. Both ends decide it alike
 * without a word, also through a partition, so the two directions never take the same key.
 */
export function ownsBlock(self: string, peer: string, number: number): boolean {
  return (number % 2 === 0) === self < peer;
}

/** The first two KMA-keys of a link block are spent on proving that both ends hold the same bits. */
export const SYNC_UNITS = 2;
