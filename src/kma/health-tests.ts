/**
 * The two continuous health tests of NIST SP 800-90B §4.4 on raw key, byte by byte, as a tripwire: key that is stuck or badly
 * biased is caught, key that is predictable otherwise is not. The cut-offs are for 8 bits of entropy a byte and 2⁻⁶⁴: sound key
 * of the fastest link known (115.8 Mbit/s) raises a false alarm once in some tens of thousands of years.
 */

/** §4.4.1: so many equal bytes in a row, 1 + ⌈64 ÷ 8⌉. */
const REPETITION_CUTOFF = 9;
/** §4.4.2: so often the first byte of a window within it; among the 511 others, 26 or more have a probability below 2⁻⁶⁴. */
const PROPORTION_CUTOFF = 27;
const WINDOW_BYTES = 512;

export type HealthFault = 'repetition' | 'proportion';

/** Which test `key` fails; undefined when it passes both. Windows of 512 bytes; what is left over meets the first test only. */
export function healthFault(key: Uint8Array): HealthFault | undefined {
  let previous = -1;
  let run = 0;
  let first = 0;
  let same = 0;
  const windows = key.length - (key.length % WINDOW_BYTES);
  for (let i = 0; i < key.length; i++) {
    const byte = key[i]!;
    run = byte === previous ? run + 1 : 1;
    if (run >= REPETITION_CUTOFF) return 'repetition';
    previous = byte;
    if (i >= windows) continue;
    if (i % WINDOW_BYTES === 0) {
      first = byte;
      same = 0;
    }
    if (byte === first) same += 1;
    if (same >= PROPORTION_CUTOFF) return 'proportion';
  }
  return undefined;
}
