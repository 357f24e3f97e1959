import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { claims } from '../../../drivers/contract/claims.ts';
import { tryClaim } from '../../../drivers/contract/run.ts';
import { parseTranscript, type Transcript } from '../../../drivers/contract/transcript.ts';
import type { Log, LogFields } from '../../env/log.ts';
import { AgentError, messageOf } from '../../errors.ts';
import { systemClock } from '../../node/clock.ts';
import { systemEntropy as entropy } from '../../node/entropy.ts';
import { loadDriver } from './load.ts';
import { transcriptDevice } from './transcript-device.ts';

const ALIVE_MS = 60_000;

/**
 * Tries every claim of the contract on the driver in `folder` with its transcript, one after the other.
 * @param say takes a line of the report
 * @returns whether all hold
 */
export async function testDriver(folder: string, say: (line: string) => void): Promise<boolean> {
  const driver = await loadDriver(folder);
  const transcript = await readTranscript(join(folder, 'session.transcript'));
  let broken = 0;
  // The agent's clock does not keep a process alive.
  const alive = setInterval(() => {}, ALIVE_MS);
  for (const claim of claims) {
    const log = new LastLines();
    try {
      await tryClaim(claim, driver, () => transcriptDevice(transcript), { clock: systemClock, log, entropy });
      say(`holds   ${claim.name}`);
    } catch (thrown) {
      broken += 1;
      say(`BROKEN  ${claim.name}`);
      say(`        ${messageOf(thrown)}`);
      for (const line of log.lines) say(`        log: ${line}`);
    }
  }
  clearInterval(alive);
  say(`${driver.id}: ${claims.length - broken} of ${claims.length} claims hold`);
  return broken === 0;
}

async function readTranscript(path: string): Promise<Transcript> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new AgentError('host.transcript_missing', `${path} cannot be read: ${messageOf(cause)}`, {
      fault: 'host',
      remedy: 'Write one by hand, or record one with `keyferry driver record`.',
      cause,
    });
  });
  return parseTranscript(text);
}

const LINES_MAX = 10;

/** Keeps the last lines that a driver logged, for the report of a claim that does not hold. */
class LastLines implements Log {
  readonly lines: string[] = [];

  debug(): void {}
  info(event: string, fields?: LogFields): void {
    this.#keep(event, fields);
  }
  warn(event: string, fields?: LogFields): void {
    this.#keep(event, fields);
  }
  error(event: string, fields?: LogFields): void {
    this.#keep(event, fields);
  }
  with(): Log {
    return this;
  }

  #keep(event: string, fields: LogFields = {}): void {
    this.lines.push(`${event} ${JSON.stringify(fields)}`);
    if (this.lines.length > LINES_MAX) this.lines.shift();
  }
}
