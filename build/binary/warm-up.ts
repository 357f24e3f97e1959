/**
 * `node warm-up.ts BUNDLE OUT ASSETS`: runs the bundle once, as far as `keyferry run` comes with a configuration whose node key is not there,
 * and writes down what V8 has compiled by then: nearly all that a start needs, and the same each time. Run by the very Node.js that gets into the
 * binary: another one's would be refused. What the bundle asks the binary for is read from the files whose names begin so.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Script } from 'node:vm';
import { configurationExample } from '../configuration-example.ts';

const [bundle, out, assets] = process.argv.slice(2) as [string, string, string];
const configuration = `${out}.yaml`;
// Nothing of a node that this machine may be: what it makes is made beside `OUT`.
writeFileSync(configuration, configurationExample.replaceAll(/ \//g, ` ${out}.node/`));
const script = new Script(readFileSync(bundle, 'latin1'), { filename: 'keyferry.cjs' });
process.on('exit', () => writeFileSync(out, script.createCachedData()));
process.argv.splice(1, Infinity, process.execPath, 'run', configuration);
const own = createRequire(import.meta.url);
const sea = { getRawAsset: (name: string) => new Uint8Array(readFileSync(assets + name)).buffer };
script.runInThisContext()((name: string) => (name === 'node:sea' ? sea : own(name)), false);
