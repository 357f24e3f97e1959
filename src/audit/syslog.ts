import { readLine } from './chain/line.ts';

/** "Log audit" (RFC 5424 §6.2.1, table 1). */
const FACILITY = 13;
const WARNING = 4;
const INFORMATIONAL = 6;
const HEAD_BYTES = 256;

/**
 * A line of the trail as a syslog message (RFC 5424), preceded by its count of octets (RFC 6587 §3.4.1, RFC 5425 §4.3). The message is the
 * line as it stands in the file, so that the chain can be looked at where it is collected.
 */
export function syslogFrame(line: Buffer, kmaId: string, pid: number): Buffer {
  const { time = '-', what = '-' } = readLine(line) ?? {};
  const isDone = line.toString('latin1', 0, HEAD_BYTES).includes('"outcome":"done"');
  const priority = FACILITY * 8 + (isDone ? INFORMATIONAL : WARNING);
  // A message ID has 32 characters at most.
  const head = `<${priority}>1 ${time} ${kmaId} keyferry ${pid} ${what.slice(0, 32)} - `;
  return Buffer.concat([Buffer.from(`${head.length + line.length} ${head}`), line]);
}
