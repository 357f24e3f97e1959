import { join } from 'node:path';
import { type BuildOptions, build } from 'esbuild';
import { addonPlugin } from './addons.ts';

/** What the binary says of itself. */
export type BuildFacts = { readonly commit: string; readonly addons: Readonly<Record<string, string>> };

/** What a module of its own would have, as in any single executable: packages ask for it. */
const BEFORE = `(function (require, KEYFERRY_CODE_CACHE) {
const __filename = process.execPath;
const __dirname = require('node:path').dirname(__filename);
const importMetaUrl = require('node:url').pathToFileURL(__filename).href;
`;

const COMMON = {
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'cjs',
  charset: 'ascii',
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none',
  logLevel: 'warning',
} satisfies BuildOptions;

/**
 * All JavaScript of the agent as one script at `out`: a function that takes `require` and whether V8 has taken the code cache. And what starts
 * it, at `start`, in CommonJS, the only form that Node.js starts from within a binary.
 */
export async function bundle(root: string, facts: BuildFacts, out: string, start: string): Promise<void> {
  const { plugin, check } = addonPlugin(join(root, 'build/binary/load-addon.ts'));
  await build({
    ...COMMON,
    entryPoints: [join(root, 'src/main.ts')],
    outfile: out,
    // A script that is started by itself has no import() of its own.
    supported: { 'dynamic-import': false },
    // Paths in messages and comments are those of the repository, wherever it lies.
    absWorkingDir: root,
    define: { KEYFERRY_BUILD: JSON.stringify(facts), 'import.meta.url': 'importMetaUrl' },
    banner: { js: BEFORE },
    footer: { js: '})' },
    plugins: [plugin],
  });
  check();
  await build({ ...COMMON, entryPoints: [join(root, 'build/binary/start.ts')], outfile: start });
}
