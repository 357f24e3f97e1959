import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import type { Architecture } from './addons.ts';

const STRIP = { x64: 'x86_64-linux-gnu-strip', arm64: 'aarch64-linux-gnu-strip' } as const;

/**
 * The Node.js of npm's package for `architecture`, without symbols, at `to`. The package is fetched (or taken from npm's cache) and held
 * against the integrity in the lockfile. It is stripped before anything is put into it: afterwards that would break it.
 */
export function baseNode(root: string, architecture: Architecture, work: string, to: string): void {
  const name = `node-linux-${architecture}`;
  const { version, integrity } = locked(root, name);
  const folder = join(work, name);
  mkdirSync(folder, { recursive: true });
  const said = execFileSync(
    'npm',
    ['pack', `${name}@${version}`, '--prefer-offline', '--silent', '--pack-destination', folder],
    { cwd: root, encoding: 'utf8' },
  );
  const archive = join(folder, said.trim().split('\n').at(-1)!);
  const found = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`;
  if (found !== integrity) throw new Error(`${name} ${version} is not what the lockfile says: ${found}`);
  execFileSync('tar', ['-xzf', archive, '-C', folder, 'package/bin/node']);
  strip(architecture, join(folder, 'package/bin/node'));
  renameSync(join(folder, 'package/bin/node'), to);
}

/** A copy of an addon, without what names libraries that it uses nothing of: libusb, by a HID addon that speaks to hidraw. */
export function leanAddon(from: string, to: string): void {
  copyFileSync(from, to);
  run('patchelf', ['--remove-needed', 'libusb-1.0.so.0', to], 'patchelf');
}

function strip(architecture: Architecture, path: string): void {
  run(
    STRIP[architecture],
    ['--strip-all', path],
    architecture === 'arm64' ? 'binutils-aarch64-linux-gnu' : 'binutils',
  );
}

function run(command: string, parameters: readonly string[], debianPackage: string): void {
  try {
    execFileSync(command, parameters, { stdio: ['ignore', 'ignore', 'inherit'] });
  } catch (cause) {
    throw new Error(`${command} failed (Debian: apt-get install ${debianPackage})`, { cause });
  }
}

function locked(root: string, name: string): { readonly version: string; readonly integrity: string } {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { version: string; integrity: string }>;
  };
  return lock.packages[`node_modules/${name}`]!;
}
