// Sixteen set lanes and sixteen others: a window of it has any number of the first ones.
const LANES: usize = memory.data<u8>([
  255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0,
]);

/** The first `n` of sixteen lanes set. */
export function firstLanes(n: usize): v128 {
  return v128.load(LANES + 16 - n);
}
