/** Who has a device open, from /proc: opening it to find out would move its modem lines. */
import { readdir, readlink, realpath } from 'node:fs/promises';
import { basename, join } from 'node:path';

export type DeviceUser = { readonly pid: number; readonly program: string };

/**
 * The first process found that has each of `paths` open, by path. Processes of other users show only to root: a device that
 * is not in the answer may still be in use.
 * @param procRoot where procfs is mounted
 */
export async function usersOf(
  paths: readonly string[],
  procRoot = '/proc',
): Promise<ReadonlyMap<string, DeviceUser>> {
  const users = new Map<string, DeviceUser>();
  if (paths.length === 0) return users;
  const wanted = new Map<string, string>();
  for (const path of paths) wanted.set(await realpath(path).catch(() => path), path);
  const names = await readdir(procRoot).catch(() => [] as string[]);
  for (const pid of names.filter((name) => /^\d+$/.test(name))) {
    for (const target of await openFiles(join(procRoot, pid, 'fd'))) {
      const path = wanted.get(target);
      if (path === undefined || users.has(path)) continue;
      // Not its name in `comm`, which Node gives its threads as it likes.
      const program = basename(await readlink(join(procRoot, pid, 'exe')).catch(() => ''));
      users.set(path, { pid: Number(pid), program });
    }
  }
  return users;
}

/** What a process has open; nothing where we may not look. */
async function openFiles(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => [] as string[]);
  const targets = names.map((name) => readlink(join(folder, name)).catch(() => ''));
  return Promise.all(targets);
}
