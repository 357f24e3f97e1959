import { lstat, readlink, rename, symlink, unlink } from 'node:fs/promises';
import { AgentError } from '../errors.ts';

/** Makes `path` a symbolic link to `target`, in one step, in place of an older link. Never replaces anything else. */
export async function placeLink(path: string, target: string): Promise<void> {
  const present = await lstat(path).catch(() => undefined);
  if (present !== undefined && !present.isSymbolicLink()) {
    throw new AgentError('configuration.not-a-link', `${path} exists and is not a symbolic link`, {
      fault: 'configuration',
      remedy: 'Choose another path for --symlink, or move away what is there.',
    });
  }
  const fresh = `${path}.${process.pid}`;
  try {
    await symlink(target, fresh);
    await rename(fresh, path);
  } catch (cause) {
    await unlink(fresh).catch(() => {});
    throw new AgentError('host.link-failed', `${path} cannot be made a symbolic link`, {
      fault: 'host',
      remedy: 'Check that its folder exists and may be written to.',
      cause,
    });
  }
}

/** Removes the link unless it has been pointed elsewhere since. */
export async function removeLink(path: string, target: string): Promise<void> {
  const now = await readlink(path).catch(() => undefined);
  if (now === target) await unlink(path).catch(() => {});
}
