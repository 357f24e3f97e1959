import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin } from 'esbuild';

export type Architecture = 'x64' | 'arm64';

/** An addon: what its package calls it inside the binary, and where npm has put it. */
export type Addon = {
  readonly name: string;
  readonly package: string;
  path(architecture: Architecture): string;
};

export const addons: readonly Addon[] = [
  {
    name: 'sodium-native.node',
    package: 'sodium-native',
    path: (architecture) => `sodium-native/prebuilds/linux-${architecture}/sodium-native.node`,
  },
  {
    name: 'serialport.node',
    package: '@serialport/bindings-cpp',
    path: (architecture) =>
      `@serialport/bindings-cpp/prebuilds/linux-${architecture}/@serialport+bindings-cpp.${architecture === 'arm64' ? 'armv8.glibc' : 'glibc'}.node`,
  },
  {
    name: 'node-hid.node',
    package: 'node-hid',
    path: (architecture) => `node-hid/prebuilds/HID_hidraw-linux-${architecture}/node-napi-v4.node`,
  },
];

/** Files that would look for an addon beside themselves, and what they hold in the binary instead. */
const REPLACED: readonly (readonly [pattern: RegExp, text: string])[] = [
  [/sodium-native\/binding\.js$/, "module.exports = loadAddon('sodium-native.node')"],
  [/bindings-cpp\/dist\/serialport-bindings\.js$/, "exports.binding = loadAddon('serialport.node')"],
  [/pkg-prebuilds\/bindings\.js$/, "module.exports = () => loadAddon('node-hid.node')"],
];

/** Has each package take its addon from within the binary. @throws when one of them no longer looks as expected */
export function addonPlugin(loader: string): { readonly plugin: Plugin; check(): void } {
  const met = new Set<RegExp>();
  const plugin: Plugin = {
    name: 'addons',
    setup(build) {
      for (const [pattern, text] of REPLACED) {
        build.onLoad({ filter: pattern }, () => {
          met.add(pattern);
          return {
            contents: `const { loadAddon } = require(${JSON.stringify(loader)});\n${text};\n`,
            loader: 'js',
          };
        });
      }
    },
  };
  const check = (): void => {
    const missing = REPLACED.filter(([pattern]) => !met.has(pattern));
    if (missing.length > 0) throw new Error(`no file of a package is like ${missing.map(String).join(', ')}`);
  };
  return { plugin, check };
}

export function addonVersion(root: string, { package: name }: Addon): string {
  const about = JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')) as {
    version: string;
  };
  return about.version;
}
