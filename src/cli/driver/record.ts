import { type FileHandle, open, rm } from 'node:fs/promises';
import { Recording } from '../../../drivers/contract/recording.ts';
import type { Driver, ModuleSink } from '../../../drivers/driver.ts';
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
 * @throws AgentError `host.transcript_write`, `module.not_open`; then there is no file
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
  try {
    return await record(driver, file, options);
  } catch (thrown) {
    await rm(options.file, { force: true });
    throw thrown;
  } finally {
    await file.close();
  }
}

async function record(
  driver: Driver,
  file: FileHandle,
  { device, baudRate, seconds }: RecordOptions,
): Promise<{ blocks: number }> {
  using recording = new Recording();
  let opened = false;
  let blocks = 0;
  const sink: ModuleSink = {
    onOpen() {
      opened = true;
    },
    onBlock({ bytes }, answer) {
      blocks += 1;
      bytes.wipe();
      answer.refused('recorded in a laboratory');
    },
    onTelemetry: () => {},
    onAlarm: () => {},
    onLost: () => {},
  };
  const port = { path: device };
  const log = createLog('warn', 2);
  const module = driver.open({ clock: systemClock, log, port, baudRate, tap: recording }, sink);
  await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
  await module.close();
  if (!opened) throw notOpen(device, seconds);
  const transcript = recording.write();
  try {
    await file.writeFile(transcript);
  } finally {
    transcript.fill(0);
  }
  return { blocks };
}

function notOpen(device: string, seconds: number): AgentError {
  return new AgentError('module.not_open', `no module was open at ${device} within ${seconds} seconds`, {
    fault: 'module',
    remedy:
      'Look at the reason above, if there is one; see that the device is there, that its module is on, and that driver and baud rate are its own.',
  });
}
