import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Architecture } from './addons.ts';
import { v8Flags } from './code-cache.ts';

type Sea = (
  entry: string,
  options: {
    readonly targets: readonly object[];
    readonly signature: boolean;
    readonly seaConfig: object;
  },
) => Promise<void>;

/**
 * One binary at `output` out of a bundle, its assets by name, and a Node.js, by pkg's own module. Its command would add a file system of its
 * own whose addons lie in a folder that others can name, and would let NODE_OPTIONS load code into the agent. SIGUSR1, which opens Node.js's
 * debugger to whoever reaches the port, is switched off.
 */
export async function pack(
  work: string,
  architecture: Architecture,
  from: { readonly main: string; readonly node: string; readonly assets: Readonly<Record<string, string>> },
  output: string,
): Promise<void> {
  seedCache(work, architecture, from.node);
  const { default: sea } = createRequire(import.meta.url)('pkg/lib-es5/sea.js') as { default: Sea };
  const target = { platform: 'linux', arch: architecture, nodeRange: `node${process.versions.node}`, output };
  const home = process.env['HOME'];
  process.env['HOME'] = work;
  try {
    await sea(from.main, {
      targets: [target],
      signature: false,
      seaConfig: {
        assets: from.assets,
        execArgvExtension: 'none',
        execArgv: ['--disable-warning=ExperimentalWarning', '--disable-sigusr1', ...v8Flags],
      },
    });
  } finally {
    if (home === undefined) delete process.env['HOME'];
    else process.env['HOME'] = home;
  }
}

/** Where pkg looks for a Node.js before it would fetch one from elsewhere: ours, whose integrity has been proved. */
function seedCache(work: string, architecture: Architecture, node: string): void {
  const name = `node-v${process.versions.node}-linux-${architecture}`;
  const cache = join(work, '.pkg-cache/sea');
  mkdirSync(join(cache, name, 'bin'), { recursive: true });
  for (const path of [`${name}.tar.gz`, `${name}.tar.gz.ok`, `${name}/bin/node.ok`])
    writeFileSync(join(cache, path), '');
  renameSync(node, join(cache, name, 'bin/node'));
}
