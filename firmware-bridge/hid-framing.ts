/**
 * Messages in numbered reports of a USB HID device (README.md, "Framing on USB HID"): the CRC-32C behind the message, cut into
 * pieces, no stuffing. A receiver that misses a report is in step again with the next message.
 */
import { crc32c } from '../src/bytes/crc32c.ts';
import { assert } from '../src/errors.ts';
import { limits } from '../src/limits.ts';
import { SecretBytes } from '../src/secret/secret-bytes.ts';

const CHECK_BYTES = 4;
const HEAD_BYTES = 3;
const FIRST = 0x8000;
const LAST = 0x4000;
const LENGTH = 0x03ff;

export type HidShape = {
  /** Bytes of every report, 64 to 1,024, the report ID counted where there is one. */
  readonly reportBytes: number;
  /** 1 to 255; undefined for a device that numbers no reports. */
  readonly reportId?: number | undefined;
};

/** Why a report or a message was dropped. */
export type HidFault = 'out of sequence' | 'malformed report' | 'too long' | 'check sum';

/** Bytes of a message that one report carries at most. */
export function pieceBytes({ reportBytes, reportId }: HidShape): number {
  assert(reportBytes >= limits.hidReportBytesMin && reportBytes <= limits.hidReportBytesMax, 'report size');
  assert(reportId === undefined || (reportId >= 1 && reportId <= 255), 'report ID');
  return reportBytes - HEAD_BYTES - (reportId === undefined ? 0 : 1);
}

/** Reports that a message of `messageBytes` bytes takes. */
export function reportsOf(messageBytes: number, shape: HidShape): number {
  return Math.ceil((messageBytes + CHECK_BYTES) / pieceBytes(shape));
}

/** One direction, outgoing: numbers the reports on from message to message. */
export class HidEncoder {
  readonly #shape: HidShape;
  readonly #pieceBytes: number;
  #sequence = 0;

  constructor(shape: HidShape) {
    this.#shape = shape;
    this.#pieceBytes = pieceBytes(shape);
  }

  /**
   * The reports of `message`, in memory of their own. They hold what the message holds: whoever sends key wipes them after
   * sending. `message` stays the caller's.
   */
  encode(message: Uint8Array): Buffer[] {
    assert(message.length > 0 && message.length <= limits.bridgeMessageBytesMax, 'bridge message length');
    const check = Buffer.alloc(CHECK_BYTES);
    check.writeUInt32LE(crc32c(message));
    const total = message.length + CHECK_BYTES;
    const reports: Buffer[] = [];
    for (let from = 0; from < total; from += this.#pieceBytes) {
      const to = Math.min(total, from + this.#pieceBytes);
      const flags = (from === 0 ? FIRST : 0) | (to === total ? LAST : 0);
      const { report, piece } = this.#report(flags, to - from);
      piece.set(message.subarray(from, to));
      for (let i = Math.max(from, message.length); i < to; i++) piece[i - from] = check[i - message.length]!;
      reports.push(report);
    }
    return reports;
  }

  #report(flags: number, length: number): { report: Buffer; piece: Buffer } {
    const { reportBytes, reportId } = this.#shape;
    const report = Buffer.alloc(reportBytes);
    const head = reportId === undefined ? 0 : 1;
    if (reportId !== undefined) report[0] = reportId;
    report[head] = this.#sequence;
    this.#sequence = (this.#sequence + 1) & 0xff;
    report.writeUInt16LE(flags | length, head + 1);
    const at = head + HEAD_BYTES;
    return { report, piece: report.subarray(at, at + length) };
  }
}

/** One direction, incoming. Memory is one message of the greatest length, whatever arrives; what is dropped costs a count. */
export class HidDecoder {
  readonly #shape: HidShape;
  readonly #pieceBytes: number;
  /** From the first message on, until `wipe`: where nothing seals the line, key is in it. */
  #memory: SecretBytes | undefined;
  readonly #faults: Record<HidFault, number> = {
    'out of sequence': 0,
    'malformed report': 0,
    'too long': 0,
    'check sum': 0,
  };
  #length = 0;
  #gathering = false;
  #expected: number | undefined;

  constructor(shape: HidShape) {
    this.#shape = shape;
    this.#pieceBytes = pieceBytes(shape);
  }

  /** Dropped so far, by reason. */
  get faults(): Readonly<Record<HidFault, number>> {
    return this.#faults;
  }

  get faultCount(): number {
    return Object.values(this.#faults).reduce((sum, count) => sum + count, 0);
  }

  /**
   * Reads one report, as it came from the device, and wipes it: it becomes the decoder's. Zeros that the host has cut off or put
   * on at the end do not matter. `onMessage` gets each whole message with its check sum proved; the view is lent for the call.
   */
  push(report: Uint8Array, onMessage: (message: Buffer) => void): void {
    try {
      this.#take(report, onMessage);
    } finally {
      report.fill(0);
    }
  }

  /** Forgets what has come of an unfinished message, and which report is next. */
  reset(): void {
    this.#drop();
    this.#expected = undefined;
  }

  /** The same, and gives back the memory. */
  wipe(): void {
    this.reset();
    this.#memory?.wipe();
    this.#memory = undefined;
  }

  #take(report: Uint8Array, onMessage: (message: Buffer) => void): void {
    const { reportId } = this.#shape;
    // The device has other reports, too: they are none of ours.
    if (reportId !== undefined && report[0] !== reportId) return;
    const head = reportId === undefined ? 0 : 1;
    const at = head + HEAD_BYTES;
    const word = (report[head + 1] ?? 0) | ((report[head + 2] ?? 0) << 8);
    const length = word & LENGTH;
    const odd = (word & ~(FIRST | LAST | LENGTH)) !== 0 || length < 1 || length > this.#pieceBytes;
    const notFull = (word & LAST) === 0 && length !== this.#pieceBytes;
    if (odd || notFull || at + length > report.length) return this.#fault('malformed report');
    const sequence = report[head]!;
    const inStep = this.#expected === undefined || sequence === this.#expected;
    this.#expected = (sequence + 1) & 0xff;
    if (!inStep) this.#fault('out of sequence');
    if ((word & FIRST) !== 0) this.#begin();
    if (!this.#gathering) return;
    this.#memory ??= SecretBytes.alloc(limits.bridgeMessageBytesMax + CHECK_BYTES);
    const message = this.#memory.view();
    if (this.#length + length > message.length) return this.#fault('too long');
    message.set(report.subarray(at, at + length), this.#length);
    this.#length += length;
    if ((word & LAST) !== 0) this.#end(onMessage);
  }

  #begin(): void {
    if (this.#gathering) this.#fault('malformed report');
    this.#gathering = true;
  }

  #end(onMessage: (message: Buffer) => void): void {
    const end = this.#length - CHECK_BYTES;
    try {
      const message = this.#memory!.view();
      if (end < 1 || message.readUInt32LE(end) !== crc32c(message, 0, end)) {
        this.#faults['check sum'] += 1;
      } else onMessage(message.subarray(0, end));
    } finally {
      this.#drop();
    }
  }

  #fault(fault: HidFault): void {
    this.#faults[fault] += 1;
    this.#drop();
  }

  #drop(): void {
    this.#memory?.view().fill(0, 0, this.#length);
    this.#length = 0;
    this.#gathering = false;
  }
}
