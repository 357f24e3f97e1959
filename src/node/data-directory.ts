import type { Stats } from 'node:fs';
import { makeDirectories } from '../disk/durable.ts';
import type { Disk } from '../env/disk.ts';
import type { Log } from '../env/log.ts';
import { AgentError, messageOf } from '../errors.ts';

/**
 * Makes the data directory where there is none, for its owner alone.
 * @throws AgentError `host.data_directory_unusable`; `host.data_directory_unsafe`: others may put files there, or it is not ours
 */
export function openDataDirectory(disk: Disk, path: string, log: Log): void {
  let found: Stats;
  try {
    makeDirectories(disk, path);
    found = disk.statSync(path);
  } catch (cause) {
    throw unusable(path, cause);
  }
  const { uid, mode } = found;
  const self = process.geteuid?.() ?? uid;
  const bits = (mode & 0o777).toString(8);
  if (uid !== self)
    throw unsafe(`${path} belongs to user ${uid}, and the agent runs as ${self}`, `chown ${self} ${path}`);
  if ((mode & 0o022) !== 0) throw unsafe(`others may write ${path} (mode ${bits})`, `chmod go= ${path}`);
  if ((mode & 0o055) !== 0)
    log.warn('data_directory.open', {
      code: 'host.data_directory_open',
      reason: `others may look into ${path} (mode ${bits})`,
      remedy: `Run: chmod go= ${path}`,
    });
}

export function unusable(path: string, cause: unknown): AgentError {
  return new AgentError('host.data_directory_unusable', `${path} cannot be used: ${messageOf(cause)}`, {
    fault: 'host',
    remedy:
      'Correct data_directory, or see that its disk is mounted and can be written by the user that runs the agent.',
    cause,
  });
}

function unsafe(message: string, run: string): AgentError {
  const remedy = `Run: ${run}; look first at who has put files there.`;
  return new AgentError('host.data_directory_unsafe', message, { fault: 'host', remedy });
}
