import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { Architecture } from './addons.ts';

/** Runs a program for another architecture than this machine's. */
const EMULATOR = {
  x64: ['qemu-x86_64-static', '-L', '/usr/x86_64-linux-gnu'],
  arm64: ['qemu-aarch64-static', '-L', '/usr/aarch64-linux-gnu'],
} as const;

/**
 * For V8, in a binary. A young generation that begins with one megabyte is collected again and again during a start, when nothing in it is
 * garbage yet.
 */
export const v8Flags: readonly string[] = ['--min-semi-space-size=2'];

/**
 * What `node`, the Node.js of a binary, has compiled of a script after its first start, at `to`. V8 takes it from a V8 of the same build and flags
 * alone, which is why that for arm64 runs under emulation.
 */
export function codeCache(
  architecture: Architecture,
  node: string,
  script: string,
  assets: string,
  to: string,
): void {
  // V8 draws its hashes from a seed, by which it lays things out: the same one for two equal builds. Which one it was does not matter to who reads them.
  const words = [...v8Flags, '--random-seed=1', join(import.meta.dirname, 'warm-up.ts'), script, to, assets];
  const emulator = architecture === process.arch ? [] : EMULATOR[architecture];
  const { stderr, error } = spawnSync('env', ['-i', ...emulator, node, ...words], { encoding: 'utf8' });
  // So far it comes, and no further.
  if (!String(stderr).includes('[configuration.node_key_unreadable]'))
    throw new Error(
      `the code cache for ${architecture} could not be made (for another architecture, Debian: apt-get install qemu-user-static libstdc++6-arm64-cross): ${stderr}`,
      { cause: error },
    );
}
