import { assert } from '../../errors.ts';
import { limits } from '../../limits.ts';
import { base64, pages } from './generated/codec-module.ts';

type Region = { readonly value: number };
type Exports = {
  readonly [name in 'TOKENS' | 'ROWS' | 'PAD' | 'KEYS' | 'TEXT' | 'INPUT' | 'SLOTS']: Region;
} & { readonly [name in 'TOKENS_MAX' | 'ROWS_MAX' | 'DEPTH_MAX' | 'MEMBERS_MAX']: Region } & {
  scan(at: number, length: number): number;
  scannedTo(): number;
  findKeys(at: number, token: number, bytesMax: number): number;
  foundBytes(): number;
  foundFlags(): number;
  compactKeys(at: number, length: number, rows: number): number;
  mixPads(bytes: number): void;
  coverKeys(at: number, rows: number): void;
  uncoverKeys(at: number, rows: number): void;
  consecutiveIds(at: number, rows: number): number;
  writeKeys(
    at: number,
    target: number,
    count: number,
    bytes: number,
    beforeBytes: number,
    betweenBytes: number,
    behindBytes: number,
  ): number;
};

const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
const module = new WebAssembly.Module(Buffer.from(base64, 'base64'));
const exports = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Exports;

/** The inner loops of the codec (WebAssembly; its sources are in assembly/), and the memory that they share with us. */
export const loops: Pick<
  Exports,
  | 'scan'
  | 'scannedTo'
  | 'findKeys'
  | 'foundBytes'
  | 'foundFlags'
  | 'compactKeys'
  | 'mixPads'
  | 'coverKeys'
  | 'uncoverKeys'
  | 'consecutiveIds'
  | 'writeKeys'
> = exports;

/** The whole memory, as bytes and as 32-bit words. It never grows, so views of it stay good. */
export const bytes = Buffer.from(memory.buffer);
export const words = new Int32Array(memory.buffer);

/** Where things lie in the memory, in bytes: see assembly/layout.ts. */
export const region = {
  tokens: exports.TOKENS.value,
  rows: exports.ROWS.value,
  pad: exports.PAD.value,
  keys: exports.KEYS.value,
  text: exports.TEXT.value,
  input: exports.INPUT.value,
  slots: exports.SLOTS.value,
} as const;

assert(exports.TOKENS_MAX.value === limits.jsonTokensMax, 'the codec has as many tokens as the limits say');
assert(exports.ROWS_MAX.value === limits.relayKeysMax, 'the codec has as many keys as the limits say');
assert(exports.DEPTH_MAX.value === limits.jsonDepthMax, 'the codec goes as deep as the limits say');
assert(
  exports.MEMBERS_MAX.value === limits.jsonMembersMax,
  'the codec has as many members as the limits say',
);

/** Whether `buffer` lies in the memory. */
export function isInside(buffer: Uint8Array): boolean {
  return buffer.buffer === memory.buffer;
}

/**
 * Where the loops find the bytes of a frame or payload: where they are when they lie in the memory, else in a copy, which the next call
 * overwrites.
 */
export function addressOf(buffer: Uint8Array): number {
  if (isInside(buffer)) return buffer.byteOffset;
  bytes.set(buffer, region.input);
  return region.input;
}

/** Wipes the copy of what was only looked at. */
export function leave(buffer: Uint8Array): void {
  if (!isInside(buffer)) bytes.fill(0, region.input, region.input + buffer.length);
}

/** Brings back what the loops have changed, and wipes their copy. */
export function bringBack(buffer: Uint8Array): void {
  if (isInside(buffer)) return;
  const copy = bytes.subarray(region.input, region.input + buffer.length);
  buffer.set(copy);
  copy.fill(0);
}
