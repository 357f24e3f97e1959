/**
 * Reports of USB HID written down a second time, byte by byte, for the golden vectors:
 * `node test/firmware-bridge/naive-hid.ts > firmware-bridge/hid-vectors.json` makes them anew.
 */
import { naiveCrc32c } from './naive.ts';

export function naiveReports(
  message: number[],
  size: number,
  id: number | undefined,
  start: number,
): number[][] {
  const check = naiveCrc32c(message);
  let rest = [...message, check & 255, (check >>> 8) & 255, (check >>> 16) & 255, check >>> 24];
  const reports: number[][] = [];
  const room = size - 3 - (id === undefined ? 0 : 1);
  while (rest.length > 0) {
    const piece = rest.slice(0, room);
    rest = rest.slice(room);
    const high = piece.length / 256 + (reports.length === 0 ? 128 : 0) + (rest.length === 0 ? 64 : 0);
    const head = [(start + reports.length) % 256, piece.length % 256, Math.floor(high)];
    const report = [...(id === undefined ? [] : [id]), ...head, ...piece];
    reports.push([...report, ...Array<number>(size - report.length).fill(0)]);
  }
  return reports;
}

const hex = (bytes: readonly number[]): string => Buffer.from(bytes).toString('hex');

export function naiveHidVectors() {
  const counting = (length: number): number[] => Array.from({ length }, (_, i) => i & 255);
  const cases = [
    { name: 'one report, no report ID', message: [0x1a, 2, 8, 0x40], report_bytes: 64, first_sequence: 0 },
    {
      name: 'one report with a report ID',
      message: [0x1a, 2, 8, 0x40],
      report_bytes: 64,
      report_id: 1,
      first_sequence: 7,
    },
    { name: 'exactly one full report', message: counting(57), report_bytes: 64, first_sequence: 1 },
    { name: 'the check sum lies in two reports', message: counting(59), report_bytes: 64, first_sequence: 2 },
    {
      name: 'the sequence number begins anew',
      message: counting(150),
      report_bytes: 64,
      report_id: 2,
      first_sequence: 254,
    },
    { name: 'long reports', message: counting(1500), report_bytes: 1024, first_sequence: 9 },
  ];
  return cases.map(({ name, message, report_bytes, report_id, first_sequence }) => ({
    name,
    report_bytes,
    report_id: report_id ?? null,
    first_sequence,
    message: hex(message),
    reports: naiveReports(message, report_bytes, report_id, first_sequence).map(hex),
  }));
}

export type HidVector = ReturnType<typeof naiveHidVectors>[number];

if (import.meta.main) process.stdout.write(`${JSON.stringify(naiveHidVectors(), null, 2)}\n`);
