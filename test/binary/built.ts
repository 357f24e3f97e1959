import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const ROOT = join(import.meta.dirname, '../..');
const NEEDED = [
  ['binutils', 'x86_64-linux-gnu-strip'],
  ['binutils-aarch64-linux-gnu', 'aarch64-linux-gnu-strip'],
  ['patchelf', 'patchelf'],
  ['qemu-user-static', 'qemu-aarch64-static'],
] as const;

/** Why no binary can be built here; false when both can. Fits `skip`. */
export function whyNoBinary(): string | false {
  const missing = NEEDED.filter(([, program]) => spawnSync(program, ['--version']).status !== 0);
  if (missing.length === 0) return whyNoArm64();
  return `missing: ${missing.map(([name]) => name).join(', ')} (Debian: apt-get install ${missing.map(([name]) => name).join(' ')})`;
}

/** Builds all that `npm run build` does, into a folder that is gone when the process ends. */
export async function buildAll(): Promise<string> {
  const out = mkdtempSync(join(tmpdir(), 'keyferry-dist-'));
  process.once('exit', () => rmSync(out, { recursive: true, force: true }));
  // One build at a time: tests in another process may want one, too.
  const lock = join(tmpdir(), 'keyferry-build.lock');
  await promisify(execFile)('flock', [lock, 'npm', 'run', 'build', '--', '--out', out], { cwd: ROOT });
  return out;
}

/** Why programs for arm64 cannot run here; false when they can. */
function whyNoArm64(): string | false {
  const there =
    spawnSync('qemu-aarch64-static', ['--version']).status === 0 &&
    spawnSync('ls', [join(ARM64_ROOT, 'lib/libstdc++.so.6')]).status === 0;
  return there ? false : 'missing: qemu-user-static, libstdc++6-arm64-cross (Debian: apt-get install them)';
}

export const ARM64_ROOT = '/usr/aarch64-linux-gnu';
