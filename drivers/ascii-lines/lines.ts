import { crc32c } from '../../src/bytes/crc32c.ts';
import { SecretBytes } from '../../src/secret/secret-bytes.ts';
import type { ModuleInfo, Telemetry } from '../driver.ts';
import { manifest } from './manifest.ts';

const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const INDEX_MAX = 2 ** 24 - 1;
const RUN_MAX = 2 ** 14 - 1;
const CHECK_DIGITS = 8;
/** `KEY`, run, index, key, check sum and the spaces between them. */
export const LINE_BYTES_MAX = 2 * manifest.limits.blockBytesMax + 64;

/** How the module names a key; both ends of the link give the same key the same name. */
export type KeyName = { readonly run: number; readonly index: number };

/** A key, or what is wrong with its line. */
export type KeyLine = { readonly name: KeyName; readonly bytes: SecretBytes } | { readonly fault: string };

/** Takes a stream apart into lines. Memory is one line of the greatest length, wiped after each. */
export class LineReader {
  readonly #line = Buffer.alloc(LINE_BYTES_MAX);
  #length = 0;
  #overlong = false;

  /**
   * Reads and wipes `chunk`. `onLine` is lent each line without its end; `undefined` for one that is too long, as soon as it is:
   * its end may never come.
   */
  push(chunk: Buffer, onLine: (line: Buffer | undefined) => void): void {
    for (const byte of chunk) {
      if (byte === LF) this.#end(onLine);
      else if (byte !== CR && !this.#overlong) this.#take(byte, onLine);
    }
    chunk.fill(0);
  }

  reset(): void {
    this.#line.fill(0, 0, this.#length);
    this.#length = 0;
    this.#overlong = false;
  }

  #take(byte: number, onLine: (line: undefined) => void): void {
    if (this.#length < this.#line.length) {
      this.#line[this.#length++] = byte;
      return;
    }
    this.#overlong = true;
    onLine(undefined);
  }

  #end(onLine: (line: Buffer) => void): void {
    if (!this.#overlong && this.#length > 0) onLine(this.#line.subarray(0, this.#length));
    this.reset();
  }
}

/** Whether the first word of `line` is `word`. */
export function startsWith(line: Buffer, word: string): boolean {
  return line.length >= word.length && line.toString('latin1', 0, word.length + 1).trimEnd() === word;
}

/** The block number of a key: its run above, its index below. */
export function blockNumber({ run, index }: KeyName): number {
  return run * (INDEX_MAX + 1) + index;
}

/** `KEY run index hex check`. The key goes from the line to `bytes`, which are the caller's, and never through a string. */
export function parseKey(line: Buffer): KeyLine {
  const ends = spaces(line);
  if (ends.length !== 4) return { fault: 'it is not KEY, run, index, key and check sum' };
  const [afterKey, afterRun, afterIndex, afterHex] = ends as [number, number, number, number];
  if (line.length - afterHex - 1 !== CHECK_DIGITS) return { fault: 'its check sum is not of eight digits' };
  if (Number.parseInt(line.toString('latin1', afterHex + 1), 16) !== crc32c(line, 0, afterHex))
    return { fault: 'its check sum is wrong' };
  const run = decimal(line, afterKey + 1, afterRun, RUN_MAX);
  const index = decimal(line, afterRun + 1, afterIndex, INDEX_MAX);
  if (run === undefined || index === undefined) return { fault: 'its run or its index is out of range' };
  const bytes = fromHex(line, afterIndex + 1, afterHex);
  return bytes === undefined
    ? { fault: 'its key is not in hexadecimal, or too long' }
    : { name: { run, index }, bytes };
}

const MODULE = Buffer.from('MODULE ');
const MODULE_CHARS_MAX = 'MODULE  TX '.length + 3 * 64 + 1;
const STAT_CHARS_MAX = 'STAT qber= skr='.length + 2 * 25;

/** `MODULE id link TX|RX firmware`; undefined when it is not that. */
export function parseModule(line: Buffer): ModuleInfo | undefined {
  // A line of key, asked for before the port was opened anew, may come in its place: it is not made a string.
  if (line.length > MODULE_CHARS_MAX || !line.subarray(0, MODULE.length).equals(MODULE)) return undefined;
  const [, moduleId, linkId, role, firmwareVersion] =
    /^MODULE ([\x21-\x7e]{1,64}) ([\x21-\x7e]{1,64}) (TX|RX) ([\x21-\x7e]{1,64})$/.exec(
      line.toString('latin1'),
    ) ?? [];
  if (moduleId === undefined || linkId === undefined || firmwareVersion === undefined) return undefined;
  return { moduleId, linkId, role: role === 'TX' ? 'tx' : 'rx', firmwareVersion };
}

/** `STAT qber=0.02 skr=1200`: what is there of it. Undefined when it is not that, or out of range. */
export function parseTelemetry(line: Buffer): Telemetry | undefined {
  if (line.length > STAT_CHARS_MAX) return undefined;
  const telemetry: { qber?: number; skr?: number } = {};
  for (const word of line.toString('latin1').split(' ').slice(1)) {
    const [, name, text] = /^(qber|skr)=(\d{1,12}(?:\.\d{1,12})?)$/.exec(word) ?? [];
    if (name === undefined || (name === 'qber' && Number(text) > 0.5)) return undefined;
    telemetry[name as 'qber' | 'skr'] = Number(text);
  }
  return telemetry;
}

const NUMBER_DIGITS_MAX = 8;

function spaces(line: Buffer): number[] {
  const at: number[] = [];
  for (let i = line.indexOf(SPACE); i >= 0 && at.length < 5; i = line.indexOf(SPACE, i + 1)) at.push(i);
  return at;
}

// What is longer is no number, and might be key in the wrong place: it is not made a string.
function decimal(line: Buffer, from: number, to: number, max: number): number | undefined {
  if (to - from > NUMBER_DIGITS_MAX) return undefined;
  const text = line.toString('latin1', from, to);
  return /^(0|[1-9]\d{0,7})$/.test(text) && Number(text) <= max ? Number(text) : undefined;
}

function fromHex(line: Buffer, from: number, to: number): SecretBytes | undefined {
  const length = (to - from) / 2;
  if (!Number.isInteger(length) || length < 1 || length > manifest.limits.blockBytesMax) return undefined;
  const secret = SecretBytes.alloc(length);
  const bytes = secret.view();
  for (let i = 0; i < length; i++) {
    const value = (digit(line[from + 2 * i]!) << 4) | digit(line[from + 2 * i + 1]!);
    if (value < 0) {
      secret.wipe();
      return undefined;
    }
    bytes[i] = value;
  }
  return secret;
}

/** -1 when it is none. */
function digit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
