import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';

const root = resolve(import.meta.dirname, '..');
const run = promisify(execFile);
/** 64 KiB each: the regions of assembly/layout.ts, and the slots behind them. The memory never grows, so that no view of it is ever cut off. */
const PAGES = '76';

/** The codec's inner loops, from AssemblyScript to WebAssembly, as text that a module can import: one binary has no files beside it. */
export async function codecModule(): Promise<{ path: string; content: string }[]> {
  const asc = join(
    dirname(createRequire(import.meta.url).resolve('assemblyscript/package.json')),
    'bin',
    'asc.js',
  );
  const folder = await mkdtemp(join(tmpdir(), 'keyferry-codec-'));
  try {
    const binary = join(folder, 'codec.wasm');
    const source = join('src', 'kx', 'codec', 'assembly', 'index.ts');
    const memory = ['--importMemory', '--initialMemory', PAGES, '--maximumMemory', PAGES];
    const options = ['--runtime', 'stub', '--noAssert', '-O3', '--enable', 'simd', '--use', 'abort='];
    await run(process.execPath, [asc, source, '--outFile', binary, ...options, ...memory], { cwd: root });
    const base64 = (await readFile(binary)).toString('base64');
    const lines = base64.match(/.{1,100}/g)!.map((line) => `  '${line}'`);
    const head = `// Made from ../assembly by \`npm run generate\`.\nexport const pages = ${PAGES};\nexport const base64 =\n`;
    return [{ path: 'src/kx/codec/generated/codec-module.ts', content: `${head}${lines.join(' +\n')};\n` }];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
