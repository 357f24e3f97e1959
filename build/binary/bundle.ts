import { join } from 'node:path';
import { build } from 'esbuild';
import { addonPlugin } from './addons.ts';

/** What the binary says of itself. */
export type BuildFacts = { readonly commit: string; readonly addons: Readonly<Record<string, string>> };

/** All JavaScript of the agent as one CommonJS file at `out`, the only form that Node.js starts from within a binary. */
export async function bundle(root: string, facts: BuildFacts, out: string): Promise<void> {
  const { plugin, check } = addonPlugin(join(root, 'build/binary/load-addon.ts'));
  await build({
    entryPoints: [join(root, 'src/main.ts')],
    outfile: out,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    logLevel: 'warning',
    // Paths in messages and comments are those of the repository, wherever it lies.
    absWorkingDir: root,
    define: { KEYFERRY_BUILD: JSON.stringify(facts), 'import.meta.url': 'importMetaUrl' },
    banner: { js: "const importMetaUrl = require('node:url').pathToFileURL(process.execPath).href;" },
    plugins: [plugin],
  });
  check();
}
