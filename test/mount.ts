import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

export type Mount = { readonly path: string; remount(options: string): void };

/** Whether this process may mount; else a line for whoever runs the tests. */
export function cannotMount(): string | false {
  if (process.getuid?.() !== 0) return 'missing: root, who alone may mount';
  const at = mkdtempSync(join(tmpdir(), 'keyferry-mount-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', 'none', at]).status === 0;
  if (mounted) spawnSync('umount', [at]);
  rmdirSync(at);
  return mounted ? false : 'missing: the right to mount (a container without CAP_SYS_ADMIN)';
}

/** A file system in memory of its own, gone when the test has ended. */
export function mountFor(t: TestContext, options: string): Mount {
  const path = mkdtempSync(join(tmpdir(), 'keyferry-mount-'));
  run('mount', ['-t', 'tmpfs', '-o', options, 'none', path]);
  t.after(() => {
    // Lazily: what still runs there is ended by the hooks that come after.
    run('umount', ['--lazy', path]);
    rmdirSync(path);
  });
  return { path, remount: (how) => run('mount', ['-o', `remount,${how}`, path]) };
}

function run(program: string, parameters: readonly string[]): void {
  const { status, stderr } = spawnSync(program, parameters, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${parameters.join(' ')}: ${stderr}`);
}
