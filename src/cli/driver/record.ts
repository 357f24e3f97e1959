import { open } from 'node:fs/promises';
import { Recording } from '../../../drivers/contract/recording.ts';
import type { ModuleSink } from '../../../drivers/driver.ts';
import { AgentError, messageOf } from '../../errors.ts';
import { systemClock } from '../../node/clock.ts';
import { createLog } from '../../node/log.ts';
import { loadDriver } from './load.ts';

export type RecordOptions = {
  readonly folder: string;
  readonly device: string;
  readonly file: string;
  readonly baudRate: number;
  readonly seconds: number;
};

/**
 * Runs a driver on a device and writes the session to a new file that only its owner may read. Every block is refused:
 * the module forgets it, so that its key, which is in the file, is used by nobody.
 */
export async function recordSession(options: RecordOptions): Promise<{ blocks: number }> {
  const driver = await loadDriver(options.folder);
  await using file = await open(options.file, 'wx', 0o600).catch((cause: unknown) => {
    throw new AgentError('host.transcript_write', `${options.file} cannot be made: ${messageOf(cause)}`, {
      fault: 'host',
      remedy: 'Name a file that does not exist, in a folder that may be written to.',
      cause,
    });
  });
  using recording = new Recording();
  let blocks = 0;
  const sink: ModuleSink = {
    onOpen: () => {},
    onBlock({ bytes }, answer) {
      blocks += 1;
      bytes.wipe();
      answer.refused('recorded in a laboratory');
    },
    onTelemetry: () => {},
    onAlarm: () => {},
    onLost: () => {},
  };
  const { device, baudRate, seconds } = options;
  const port = { path: device };
  const log = createLog('warn');
  const module = driver.open({ clock: systemClock, log, port, baudRate, tap: recording }, sink);
  await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
  await module.close();
  const transcript = recording.write();
  try {
    await file.writeFile(transcript);
  } finally {
    transcript.fill(0);
  }
  return { blocks };
}
