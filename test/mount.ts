import { execFile, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';

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

/** Whether there are loop devices and ext4; else a line for whoever runs the tests. */
export function cannotMountLoop(): string | false {
  if (spawnSync('mkfs.ext4', ['-V']).status !== 0)
    return 'missing: mkfs.ext4 (Debian: apt-get install e2fsprogs)';
  return spawnSync('losetup', ['--find']).status === 0 ? false : 'missing: loop devices';
}

export type LoopMount = Mount & {
  /** The kernel gives up its journal, as at an I/O error there, and makes it read-only. This process goes on meanwhile. */ abort(): Promise<void>;
  /** Unmounts it, mends it as at a start of the machine, and mounts it again. */ repair(): void;
};

/** An ext4 file system of so many MiB in a file, gone when the test has ended. */
export function loopMountFor(t: TestContext, megabytes: number): LoopMount {
  const folder = mkdtempSync(join(tmpdir(), 'keyferry-loop-'));
  const [path, image] = [join(folder, 'mount'), join(folder, 'image')];
  const mount = () => {
    run('mount', ['-o', 'loop,errors=remount-ro', image, path]);
    chmodSync(path, 0o700);
  };
  mkdirSync(path);
  writeFileSync(image, '');
  truncateSync(image, megabytes << 20);
  run('mkfs.ext4', ['-q', image]);
  mount();
  rmSync(join(path, 'lost+found'), { recursive: true });
  t.after(() => {
    run('umount', ['--lazy', path]);
    rmSync(folder, { recursive: true });
  });
  return {
    path,
    remount: (how) => run('mount', ['-o', `remount,${how}`, path]),
    abort: () => promisify(execFile)('mount', ['-o', 'remount,abort', path]).then(() => {}),
    repair() {
      run('umount', [path]);
      // 1: it was mended.
      const { status, stdout } = spawnSync('e2fsck', ['-p', image], { encoding: 'utf8' });
      if (status !== 0 && status !== 1) throw new Error(`e2fsck: ${status} ${stdout}`);
      mount();
    },
  };
}
