import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const FOLDER = join(import.meta.dirname, '../../firmware-bridge/c');
const NEEDED = [
  ['gcc', 'gcc', '--version'],
  ['make', 'make', '--version'],
  ['nanopb', 'nanopb_generator.py', '--version'],
] as const;

/** A fault of memory or arithmetic ends the program. */
export const SANITIZED = '-O2 -g -fsanitize=address,undefined -fno-sanitize-recover=all';

/** Why the C programs can't be built here; false when they can. Fits `skip`. */
export function whyNoC(): string | false {
  const missing = NEEDED.filter(([, program, ask]) => spawnSync(program, [ask]).status !== 0).map(
    ([name]) => name,
  );
  const library = spawnSync('gcc', ['-E', '-'], { input: '#include <pb.h>\n#include <stdio.h>\n' });
  if (missing.length === 0 && library.status !== 0) missing.push('libnanopb-dev or libc6-dev' as 'gcc');
  return missing.length === 0
    ? false
    : `missing: ${missing.join(', ')} (Debian: apt-get install gcc libc6-dev make nanopb libnanopb-dev)`;
}

/**
 * Builds programs of `firmware-bridge/c`, every warning being an error, in a folder that is gone when the process ends.
 * Returns their paths by name.
 */
export async function buildC<Name extends string>(
  flags: string,
  names: readonly Name[],
): Promise<Record<Name, string>> {
  const out = mkdtempSync(join(tmpdir(), 'keyferry-c-'));
  process.once('exit', () => rmSync(out, { recursive: true, force: true }));
  const paths = names.map((name) => join(out, name));
  const parameters = [
    '-C',
    FOLDER,
    '--jobs=2',
    '--silent',
    `OUT=${out}`,
    'CC=gcc',
    `CFLAGS=${flags}`,
    ...paths,
  ];
  await promisify(execFile)('make', parameters);
  return Object.fromEntries(names.map((name, i) => [name, paths[i]])) as Record<Name, string>;
}
