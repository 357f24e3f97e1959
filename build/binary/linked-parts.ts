import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { addons } from './addons.ts';

/** A library that is linked into what a package of npm brings; the package's own list says nothing of it. */
export type LinkedPart = { readonly name: string; readonly version: string; readonly within: string };

/** Node.js has them under other names. */
const NODE_PARTS = {
  ada: 'ada',
  ares: 'c-ares',
  brotli: 'brotli',
  icu: 'icu',
  llhttp: 'llhttp',
  nghttp2: 'nghttp2',
  openssl: 'openssl',
  simdjson: 'simdjson',
  simdutf: 'simdutf',
  sqlite: 'sqlite',
  undici: 'undici',
  uv: 'libuv',
  v8: 'v8',
  zlib: 'zlib',
  zstd: 'zstd',
} as const;

/** @param nodePackages those that bring Node.js, of the version that runs this */
export function linkedParts(root: string, nodePackages: readonly string[]): LinkedPart[] {
  const modules = join(root, 'node_modules');
  const hidapi = readFileSync(join(modules, 'node-hid/hidapi/VERSION'), 'utf8').trim();
  const nodeParts = nodePackages.flatMap((within) =>
    Object.entries(NODE_PARTS).map(([key, name]) => ({ name, version: process.versions[key]!, within })),
  );
  return [
    { name: 'libsodium', version: sodiumVersion(modules), within: 'sodium-native' },
    { name: 'hidapi', version: hidapi, within: 'node-hid' },
    ...nodeParts,
  ];
}

// The package names a commit only; the library itself knows its version.
function sodiumVersion(modules: string): string {
  const addon = addons.find((one) => one.package === 'sodium-native')!;
  const text = readFileSync(join(modules, addon.path('x64')), 'latin1');
  const found = new Set([...text.matchAll(/\0(1\.0\.\d{2})(?=\0)/g)].map((match) => match[1]!));
  const [version, ...others] = found;
  if (version === undefined || others.length > 0)
    throw new Error(`which version of libsodium is it: ${[...found]}`);
  return version;
}
