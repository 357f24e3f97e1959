/** Loaded before a program (`--import`): plants the bug that KEYFERRY_MUTANT names. */
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { mutants } from './mutants.ts';

const mutant = mutants.find(({ name }) => name === process.env['KEYFERRY_MUTANT']);
if (mutant === undefined) throw new Error(`there is no mutant ${process.env['KEYFERRY_MUTANT']}`);
const { file, find, put, name } = mutant;
const url = pathToFileURL(join(import.meta.dirname, '../..', file)).href;

registerHooks({
  load(asked, context, nextLoad) {
    const loaded = nextLoad(asked, context);
    if (asked !== url) return loaded;
    const source = String(loaded.source);
    const count = source.split(find).length - 1;
    if (count !== 1) throw new Error(`the place of mutant "${name}" is ${count} times in ${file}`);
    return { ...loaded, source: source.replace(find, () => put) };
  },
});
