/** What carries messages between agent and module: a byte stream, or reports of USB HID. */
import { limits } from '../src/limits.ts';
import { DELIMITER, encodeFrame, FrameDecoder } from './framing.ts';
import { HidDecoder, HidEncoder, type HidShape, pieceBytes, reportsOf } from './hid-framing.ts';

/** Messages to and from what a port carries; one for each end of each opening of the port. */
export interface Framing {
  /** What goes out before the first message, to end whatever was on the line before. */
  begin(): Buffer[];
  /** What to write, in this order, for one message, which stays the caller's. It holds what the message holds. */
  encode(message: Uint8Array): Buffer[];
  /** Reads and wipes what came; `onMessage` is lent each whole message whose check sum is right. */
  push(chunk: Uint8Array, onMessage: (message: Buffer) => void): void;
  /** Frames, reports and messages dropped so far. */
  readonly faultCount: number;
  /** The line is gone: overwrites what has come of an unfinished message, and gives back its memory. */
  wipe(): void;
}

/** How much a line carries at once (README.md, "Credit"). */
export type LineRoom = {
  /** The longest part to ask for, in bytes of key. */
  readonly partBytesMax: number;
  /** How many parts of so many bytes may be under way, 1 to `limits.moduleCreditPartsMax`. */
  readonly partsUnderWay: (partBytes: number) => number;
};

/** Frames on a serial line or a program's stdio. */
export class StreamFraming implements Framing {
  readonly #decoder = new FrameDecoder();

  begin(): Buffer[] {
    return [Buffer.of(DELIMITER)];
  }

  encode(message: Uint8Array): Buffer[] {
    return [encodeFrame(message)];
  }

  push(chunk: Uint8Array, onMessage: (message: Buffer) => void): void {
    this.#decoder.push(chunk, onMessage);
  }

  get faultCount(): number {
    return this.#decoder.faultCount;
  }

  wipe(): void {
    this.#decoder.wipe();
  }
}

/** Numbered reports of a HID device. */
export class ReportFraming implements Framing {
  readonly #encoder: HidEncoder;
  readonly #decoder: HidDecoder;

  constructor(shape: HidShape) {
    this.#encoder = new HidEncoder(shape);
    this.#decoder = new HidDecoder(shape);
  }

  begin(): Buffer[] {
    return [];
  }

  encode(message: Uint8Array): Buffer[] {
    return this.#encoder.encode(message);
  }

  push(report: Uint8Array, onMessage: (message: Buffer) => void): void {
    this.#decoder.push(report, onMessage);
  }

  get faultCount(): number {
    return this.#decoder.faultCount;
  }

  wipe(): void {
    this.#decoder.wipe();
  }
}

/** On a slow line what it carries in half a minute, so that a pong is never long under way. Infinity where nothing paces it. */
export function streamRoom(bytesPerSecond: number): LineRoom {
  return {
    partBytesMax: limits.bridgePartBytesMax,
    partsUnderWay: (partBytes) => atMostAll((limits.bridgeWindowSeconds * bytesPerSecond) / partBytes),
  };
}

/** What a message has beside its key, at most: record and envelope; the check sum comes on top. */
const MESSAGE_BYTES = 68;
const CHECK_BYTES = 4;

export function reportRoom(shape: HidShape): LineRoom {
  return {
    partBytesMax: Math.min(
      limits.bridgePartBytesMax,
      limits.hidPartReports * pieceBytes(shape) - MESSAGE_BYTES - CHECK_BYTES,
    ),
    partsUnderWay: (partBytes) =>
      atMostAll(limits.hidKeyReportsMax / reportsOf(partBytes + MESSAGE_BYTES, shape)),
  };
}

function atMostAll(parts: number): number {
  return Math.min(limits.moduleCreditPartsMax, Math.max(1, Math.floor(parts)));
}
