import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where the kernel writes the core dump of a process of that directory; a reason why nowhere that we could read. */
export function coreFileOf(pid: number, directory: string): { path: string } | { skip: string } {
  const pattern = readFileSync('/proc/sys/kernel/core_pattern', 'latin1').trimEnd();
  if (pattern === '' || pattern.startsWith('|'))
    return { skip: `core dumps go to "${pattern}" on this machine` };
  const named = pattern.replaceAll('%p', String(pid));
  if (named.includes('%')) return { skip: `core dumps are named by "${pattern}" on this machine` };
  const usesPid = readFileSync('/proc/sys/kernel/core_uses_pid', 'latin1').trim() !== '0';
  return {
    path: join(
      named.startsWith('/') ? '/' : directory,
      usesPid && named === pattern ? `${named}.${pid}` : named,
    ),
  };
}
