/** `npm run build [-- x64|arm64 …] [--out DIR]`: one binary for each architecture in dist/, what is in it, and their check sums. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type Architecture, addons, addonVersion } from './binary/addons.ts';
import { baseNode, leanAddon } from './binary/base-node.ts';
import { bundle } from './binary/bundle.ts';
import { codeCache } from './binary/code-cache.ts';
import { licenses } from './binary/licenses.ts';
import { pack } from './binary/pack.ts';
import { writeSbom } from './binary/sbom.ts';

const ROOT = resolve(import.meta.dirname, '..');
/** Always the same: its name gets into the binary, and two builds of one commit shall be equal byte for byte. */
const work = '/tmp/keyferry-build';
const ALL: readonly Architecture[] = ['x64', 'arm64'];

const { values, positionals: asked } = parseArgs({
  allowPositionals: true,
  options: { out: { type: 'string', default: 'dist' } },
});
const DIST = resolve(ROOT, values.out);
const unknown = asked.find((word) => !ALL.includes(word as Architecture));
if (unknown !== undefined) throw new Error(`no architecture ${unknown}: ${ALL.join(', ')}`);
makeWork();
try {
  mkdirSync(DIST, { recursive: true });
  // What an earlier build has left would be summed up as if it were of this one.
  for (const name of readdirSync(DIST)) if (name.startsWith('keyferry')) rmSync(join(DIST, name));
  const facts = {
    commit: commit(),
    addons: Object.fromEntries(addons.map((addon) => [addon.package, addonVersion(ROOT, addon)])),
  };
  const parts = { bundle: join(work, 'keyferry.cjs'), start: join(work, 'start.cjs') };
  await bundle(ROOT, facts, parts.bundle, parts.start);
  const license = join(work, 'licenses.txt');
  writeFileSync(license, licenses(ROOT));
  for (const architecture of asked.length > 0 ? (asked as Architecture[]) : ALL)
    await one(architecture, parts, license);
  writeSbom(ROOT, join(DIST, 'keyferry.cdx.json'));
  writeSums();
} finally {
  rmSync(work, { recursive: true, force: true });
}

async function one(
  architecture: Architecture,
  { bundle: script, start: main }: { readonly bundle: string; readonly start: string },
  license: string,
): Promise<void> {
  const node = join(work, `node-${architecture}`);
  baseNode(ROOT, architecture, work, node);
  const assets: Record<string, string> = { 'licenses.txt': license, 'keyferry.cjs': script };
  for (const addon of addons) {
    const lean = join(work, `${architecture}-${addon.name}`);
    leanAddon(join(ROOT, 'node_modules', addon.path(architecture)), lean);
    assets[addon.name] = lean;
  }
  assets['code-cache'] = join(work, `${architecture}-code-cache`);
  codeCache(architecture, node, script, join(work, `${architecture}-`), assets['code-cache']);
  const output = join(DIST, `keyferry-linux-${architecture}`);
  rmSync(output, { force: true });
  await pack(work, architecture, { main, node, assets }, output);
  chmodSync(output, 0o755);
  process.stdout.write(`${output}  ${(statSync(output).size / 1e6).toFixed(1)} MB\n`);
}

/** Of our own making: what somebody else has put there is not touched. */
function makeWork(): void {
  try {
    mkdirSync(work, { mode: 0o700 });
  } catch (cause) {
    throw new Error(`${work} cannot be made: another build runs, or one was killed; then remove it`, {
      cause,
    });
  }
}

/** The commit, marked when the tree differs from it. */
function commit(): string {
  const git = (...words: string[]) => execFileSync('git', words, { cwd: ROOT, encoding: 'utf8' }).trim();
  try {
    return git('rev-parse', 'HEAD') + (git('status', '--porcelain') === '' ? '' : '-changed');
  } catch {
    return 'unknown';
  }
}

function writeSums(): void {
  const names = readdirSync(DIST).filter((name) => name.startsWith('keyferry'));
  const lines = names.sort().map((name) => {
    return `${createHash('sha256')
      .update(readFileSync(join(DIST, name)))
      .digest('hex')}  ${name}\n`;
  });
  writeFileSync(join(DIST, 'SHA256SUMS'), lines.join(''));
}
