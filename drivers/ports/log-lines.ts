import { limits } from '../../src/limits.ts';
import { couldBeKey, dumpIn, isLong } from './could-be-key.ts';

const NEWLINE = 0x0a;
const MINUTE_MS = 60_000;

/**
 * Makes log lines of what a program writes to stderr: printable, short, and so many in a minute. What could be
 * key in hexadecimal or base64 is left out: a program has no business writing key there, but one may.
 */
export class LogLines {
  readonly #say: (text: string) => void;
  readonly #line = Buffer.alloc(limits.programLineBytesMax);
  #length = 0;
  #minuteMs = Number.NEGATIVE_INFINITY;
  #said = 0;
  #inTheMiddle = false;

  constructor(say: (text: string) => void) {
    this.#say = say;
  }

  /** Reads and wipes `chunk`. What is longer than a line may be is cut. @param nowMs monotonic */
  push(chunk: Buffer, nowMs: number): void {
    for (let at = this.#isFull(nowMs) ? chunk.length : this.#start(chunk); at < chunk.length; at++) {
      const byte = chunk[at]!;
      if (byte !== NEWLINE) this.#take(byte);
      else if (!this.#end(nowMs)) break;
    }
    chunk.fill(0);
  }

  /** Whether all that comes now is left out, which is then not even looked at: a flood costs no more than wiping it. */
  #isFull(nowMs: number): boolean {
    return this.#said > limits.programLinesPerMinuteMax && nowMs - this.#minuteMs < MINUTE_MS;
  }

  /** Where the first line begins: of one whose beginning was left out the rest is left out as well. */
  #start(chunk: Buffer): number {
    if (!this.#inTheMiddle) return 0;
    const end = chunk.indexOf(NEWLINE);
    if (end === -1) return chunk.length;
    this.#inTheMiddle = false;
    return end + 1;
  }

  #take(byte: number): void {
    if (this.#length < this.#line.length) this.#line[this.#length++] = byte;
  }

  /** Whether there is room for another line in this minute. */
  #end(nowMs: number): boolean {
    const text = harmless(this.#line.subarray(0, this.#length));
    this.#line.fill(0, 0, this.#length);
    this.#length = 0;
    if (text === '') return true;
    if (nowMs - this.#minuteMs >= MINUTE_MS) {
      this.#minuteMs = nowMs;
      this.#said = 0;
    }
    this.#said += 1;
    if (this.#said <= limits.programLinesPerMinuteMax) {
      this.#say(text);
      return true;
    }
    this.#say('it says more than is written down; the rest of this minute is left out');
    this.#inTheMiddle = true;
    return false;
  }
}

// Decides on bytes, so that what is left out never becomes a string.
function harmless(line: Buffer): string {
  let out = '';
  for (let from = 0; from < line.length; ) {
    let to = from;
    while (to < line.length && couldBeKey(line[to]!)) to += 1;
    const dumpAt = dumpIn(line, from, to);
    if (isLong(line, from, dumpAt ?? to)) out += '[left out]';
    else out += line.toString('latin1', from, dumpAt ?? to);
    if (dumpAt !== undefined) return `${out}[left out]`.trim();
    if (to < line.length) out += line[to]! >= 0x20 && line[to]! < 0x7f ? String.fromCharCode(line[to]!) : '?';
    from = to + 1;
  }
  return out.trim();
}
