import { limits } from '../../src/limits.ts';
import type { KeyFileFormat } from '../driver.ts';

/** What a file says: its key, as a part of `bytes`; that more of it has to come; or what is wrong with it. */
export type Reading =
  | { readonly kind: 'key'; readonly from: number; readonly to: number }
  | { readonly kind: 'partial' }
  | { readonly kind: 'fault'; readonly reason: string };

export type Format = {
  /** The longest file, in bytes. */
  readonly fileBytesMax: number;
  /** The number of the block in a file of this name; undefined when the name is none of ours. */
  number(name: string): number | undefined;
  /** @param bytes the whole file, as far as it has been written */
  read(name: string, bytes: Buffer): Reading;
};

const TYPE_7_HEADER_BYTES = 16;
const TYPE_7_TAGS = [7, 0x107];
const WORD_BYTES = 4;
const WORD_BITS = 32;

/** `17.key`: the decimal number of the block; the file is the key and nothing else. */
const numbered: Format = {
  fileBytesMax: limits.keyFileBytesMax,
  number(name) {
    const number = Number(/^(0|[1-9]\d{0,11})\.key$/.exec(name)?.[1] ?? Number.NaN);
    return number <= limits.blockNumberMax ? number : undefined;
  },
  read: (_, bytes) => (bytes.length === 0 ? { kind: 'partial' } : { kind: 'key', from: 0, to: bytes.length }),
};

/**
 * Final key files of S-Fifteen's stack: the name is the first epoch in hexadecimal; a header of four little-endian 32-bit
 * words (tag, epoch, number of epochs, number of bits), then the bits in 32-bit words. A last word that is not full is left.
 */
const type7: Format = {
  fileBytesMax: TYPE_7_HEADER_BYTES + limits.keyFileBytesMax,
  number(name) {
    if (!/^[0-9a-f]{1,8}$/.test(name)) return undefined;
    const epoch = Number.parseInt(name, 16);
    return 2 * epoch + parity(epoch);
  },
  read(name, bytes) {
    if (bytes.length < TYPE_7_HEADER_BYTES) return { kind: 'partial' };
    const tag = bytes.readInt32LE(0);
    if (!TYPE_7_TAGS.includes(tag)) return fault(`its tag is ${tag}, not 7`);
    if (bytes.readUInt32LE(4) !== Number.parseInt(name, 16)) return fault('its name is not its epoch');
    const bits = bytes.readInt32LE(12);
    const words = Math.ceil(bits / WORD_BITS);
    if (bits < WORD_BITS) return fault(`it holds ${bits} bits, less than a word`);
    const end = TYPE_7_HEADER_BYTES + words * WORD_BYTES;
    if (end > type7.fileBytesMax) return fault(`it holds ${bits} bits, more than fit in a block`);
    if (bytes.length < end) return { kind: 'partial' };
    if (bytes.length > end) return fault(`it is longer than the ${end} bytes of its ${bits} bits`);
    const whole = Math.floor(bits / WORD_BITS) * WORD_BYTES;
    return { kind: 'key', from: TYPE_7_HEADER_BYTES, to: TYPE_7_HEADER_BYTES + whole };
  },
};

export const formats: Readonly<Record<KeyFileFormat, Format>> = { numbered, 'type-7': type7 };

function fault(reason: string): Reading {
  return { kind: 'fault', reason };
}

/**
 * 0 or 1, by how many bits of `epoch` are set. The direction of a block goes by whether its number is even; epochs come in
 * steps that may always be even, and this evens them out.
 */
function parity(epoch: number): number {
  let bits = epoch;
  for (let shift = 16; shift > 0; shift >>= 1) bits ^= bits >>> shift;
  return bits & 1;
}
