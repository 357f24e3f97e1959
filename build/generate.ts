/** Writes the files that are made from other files; with `--check` only compares them and fails when one is out of date. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { codecModule } from './codec-module.ts';
import { configurationDoc } from './configuration-doc.ts';
import { metricsDoc } from './metrics-doc.ts';

/** One generated file: its path from the root of the repository, and all of its text. */
export type Generated = { readonly path: string; readonly content: string };

/** Makes files from sources in the repository; writes nothing itself. */
export type Generator = () => Promise<readonly Generated[]>;

const root = resolve(import.meta.dirname, '..');
const run = promisify(execFile);

/** The firmware bridge's messages as a static module: no reflection and no code made at run time. */
async function bridgeMessages(): Promise<Generated[]> {
  const cli = dirname(createRequire(import.meta.url).resolve('protobufjs-cli/package.json'));
  const folder = await mkdtemp(join(tmpdir(), 'keyferry-generate-'));
  try {
    const code = join(folder, 'bridge.js');
    const types = join(folder, 'bridge.d.ts');
    const omitted = ['create', 'verify', 'convert', 'delimited', 'typeurl', 'service'].map(
      (x) => `--no-${x}`,
    );
    const schema = join('firmware-bridge', 'bridge.proto');
    const target = ['--target', 'static-module', '--wrap', 'esm', '--root', 'keyferry-bridge', '--keep-case'];
    const pbjs = [join(cli, 'bin', 'pbjs'), ...target, '--force-number', ...omitted, '--out', code, schema];
    await run(process.execPath, pbjs, { cwd: root });
    await run(process.execPath, [join(cli, 'bin', 'pbts'), '--out', types, code], { cwd: root });
    return [
      { path: 'firmware-bridge/generated/bridge.js', content: await readFile(code, 'utf8') },
      { path: 'firmware-bridge/generated/bridge.d.ts', content: await readFile(types, 'utf8') },
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const generators: readonly Generator[] = [bridgeMessages, codecModule, configurationDoc, metricsDoc];

async function current(path: string): Promise<string | undefined> {
  try {
    return await readFile(join(root, path), 'utf8');
  } catch {
    return undefined;
  }
}

async function main(checkOnly: boolean): Promise<number> {
  let stale = 0;
  for (const generate of generators) {
    for (const { path, content } of await generate()) {
      if ((await current(path)) === content) continue;
      stale += 1;
      process.stdout.write(`${path}: ${checkOnly ? 'out of date, run `npm run generate`' : 'written'}\n`);
      if (checkOnly) continue;
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), content);
    }
  }
  return checkOnly && stale > 0 ? 1 : 0;
}

if (import.meta.main) process.exitCode = await main(process.argv.includes('--check'));
