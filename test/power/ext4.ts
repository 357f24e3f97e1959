import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';

const REPAIRED_MAX = 2;

/** Makes a file system of so many KiB in the file `image`, which is longer by what is behind it. */
export function makeExt4(image: string, kib: number): void {
  const now = 'lazy_itable_init=0,lazy_journal_init=0,nodiscard';
  execFileSync(
    'mke2fs',
    ['-q', '-F', '-t', 'ext4', '-b', '4096', '-J', 'size=4', '-E', now, image, `${kib}k`],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
}

/**
 * Brings a file system that was cut off in order as a system that starts does, its journal first, and copies all its files. Needs neither a loop
 * device nor root.
 */
export function recoverExt4(image: string, to: string): void {
  const { status, stdout } = spawnSync('e2fsck', ['-p', image], { encoding: 'utf8' });
  if (status === null || status > REPAIRED_MAX) throw new Error(`the file system is broken: ${stdout}`);
  mkdirSync(to);
  execFileSync('debugfs', ['-R', `rdump / ${to}`, image], { stdio: 'ignore' });
}
