import { dirname, join } from 'node:path';
import { syncDirectory } from '../disk/durable.ts';
import type { Disk } from '../env/disk.ts';
import { AgentError, messageOf } from '../errors.ts';
import { unusable } from './data-directory.ts';

/** In the data directory of a node that was zeroized: why and when, for people. While it is there the agent does not start. */
function pathOf(dataDirectory: string): string {
  return join(dataDirectory, 'zeroized');
}

/** Durable when it returns. */
export function markZeroized(disk: Disk, dataDirectory: string, why: string, wallMs: number): void {
  const path = pathOf(dataDirectory);
  const text = `${new Date(wallMs).toISOString()} ${why}\n`;
  disk.writeFileSync(`${path}.new`, text, { mode: 0o600, flush: true });
  disk.renameSync(`${path}.new`, path);
  syncDirectory(disk, dirname(path));
}

/** What the mark says; undefined when the node was not zeroized. Throws what the disk throws. */
export function readZeroized(disk: Disk, dataDirectory: string): string | undefined {
  const path = pathOf(dataDirectory);
  try {
    return disk.readFileSync(path, 'utf8').trim();
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    if (code !== 'EACCES') throw thrown;
    // One that root has set. In a directory that cannot be searched this throws as well: nobody knows of any.
    disk.statSync(path);
    return `by another user, who alone can read ${path}`;
  }
}

/** The node may start again. What the mark said is kept for the audit trail. @returns whether it was zeroized */
export function clearZeroized(disk: Disk, dataDirectory: string): boolean {
  if (readZeroized(disk, dataDirectory) === undefined) return false;
  disk.renameSync(pathOf(dataDirectory), notePath(dataDirectory));
  syncDirectory(disk, dataDirectory);
  return true;
}

function notePath(dataDirectory: string): string {
  return join(dataDirectory, 'commissioned');
}

/** What the mark said when the node was last put into service again, until `forgetCommissioning`; undefined when that is on record. */
export function readCommissioning(disk: Disk, dataDirectory: string): string | undefined {
  try {
    return disk.readFileSync(notePath(dataDirectory), 'utf8').trim();
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'ENOENT'
      ? undefined
      : `nobody knows when or why: ${messageOf(thrown)}`;
  }
}

export function forgetCommissioning(disk: Disk, dataDirectory: string): void {
  disk.rmSync(notePath(dataDirectory), { force: true });
}

/** @throws AgentError `host.zeroized`, `host.data_directory_unusable` */
export function refuseZeroized(disk: Disk, dataDirectory: string): void {
  const why = marked(disk, dataDirectory);
  if (why === undefined) return;
  throw new AgentError('host.zeroized', `this node was zeroized: ${why}`, {
    fault: 'host',
    remedy: 'Find out why. To put the node into service again, as an empty one: keyferry commission CONFIG.',
  });
}

function marked(disk: Disk, dataDirectory: string): string | undefined {
  try {
    return readZeroized(disk, dataDirectory);
  } catch (cause) {
    throw unusable(dataDirectory, cause);
  }
}
