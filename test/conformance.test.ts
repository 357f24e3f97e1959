import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { faultFiles } from './kx/fault-vectors/index.ts';
import type { Vector } from './kx/fault-vectors/message.ts';

const path = (file: string) => new URL(`../${file}`, import.meta.url);
const read = (file: string) => readFileSync(path(file), 'utf8');

/** Every row that has to be there: clause and sentence, `t` for the rows of a clause's table, `n` for a note. */
const REQUIRED = [
  ...['6-1', '6-2', '6-3', '6-4', '7-1', '7.1-1', '7.1-2', '7.1-3', '7.1-4', '7.2-1', '7.2-2', '7.2-3'],
  ...['8-1', '8-2', '8-3', '8.1-1', '8.2-1', '8.2-2', '8.3-1', '8.3-2', '8.4-1', '9-1', '9-2', '9-3'],
  ...['8.1-t1', '8.1-t2', '8.1-t3', '8.1-t4', '8.1-t5', '8.1-t6', '8.1-t7', '8.1-t8', '8.1-t9'],
  ...['8.2-t1', '8.2-t2', '8.2-t3', '8.3-t1', '8.3-t2', '8.3-t3', '8.3-t4'],
  ...['8.4-t1', '8.4-t2', '8.4-t3', '8.4-t4'],
  ...['I-tcp', 'I-version', 'I-message-id', 'I-command', 'I-length', 'I-payload', 'I-n1', 'I-n2'],
  ...['I-auth-1', 'I-auth-2', 'I-n3-1', 'I-n3-2', 'I.1-1', 'I.1-2', 'I.1-3', 'I.1-4', 'I.1-5'],
];

type Row = { readonly id: string; readonly says: string; readonly code: string; readonly test: string };

/** The rows of the one table in the text. */
function rowsOf(markdown: string): Row[] {
  const lines = markdown.split('\n').filter((line) => line.startsWith('|'));
  return lines.slice(2).map((line) => {
    const [id = '', says = '', code = '', shown = ''] = line.slice(1, -1).split('|');
    return { id: id.trim(), says: says.trim(), code: code.trim(), test: shown.trim() };
  });
}

/** The names of all tests and groups in a source, those made from a template as they are written. */
function namesIn(source: string): Set<string> {
  const calls = source.matchAll(/\b(?:test|describe)\(\s*(?:'((?:[^'\\]|\\.)*)'|`((?:[^`\\]|\\.)*)`)/g);
  return new Set([...calls].map(([, plain, template]) => plain ?? template!));
}

/** What is wrong with a row; nothing when it is answered. */
function faultsOf(row: Row): string[] {
  if (row.code === 'not yet' && row.test === 'not yet') return ['is not answered'];
  const code = [...row.code.matchAll(/`([^`]+)`/g)].map(([, file]) => file!);
  const tests = [...row.test.matchAll(/`(test\/[^`]+)`: "([^"]+)"/g)];
  const bare = row.test.replace(/`test\/[^`]+`: "[^"]+"(; )?/g, '');
  return [
    ...(row.says.length < 10 ? ['says nothing'] : []),
    ...(code.length === 0 ? ['names no code'] : []),
    ...code
      .filter((file) => !file.startsWith('src/') || !existsSync(path(file)))
      .map((file) => `${file} is not there`),
    ...(tests.length === 0 || bare !== '' ? ['names no test, or something else beside it'] : []),
    ...tests.flatMap(([, file, name]) => faultOfTest(file!, name!)),
  ];
}

function faultOfTest(file: string, name: string): string[] {
  if (!existsSync(path(file))) return [`${file} is not there`];
  if (file.endsWith('.json')) return faultOfVectors(file, name);
  return namesIn(read(file)).has(name) ? [] : [`${file} has no test "${name}"`];
}

// Vectors of the clause that are good, and others that are not, in a file that is run.
function faultOfVectors(file: string, clause: string): string[] {
  const name = /^test\/golden\/kx\/(.+)\.json$/.exec(file)?.[1];
  if (name === undefined || !(name in faultFiles)) return [`${file} is run by no test`];
  const vectors = JSON.parse(read(file)) as Vector[];
  const expected = vectors.filter((one) => one.clause === clause).map((one) => one.expect);
  return lacking(expected).map((kind) => `${file} has no ${kind} vector of "${clause}"`);
}

/** Which kind of vector is not among them. */
function lacking(expected: readonly Vector['expect'][]): string[] {
  const bad = expected.some((one) => one === 'malformed' || one === 'closed' || one === 'not_authentic');
  return [...(expected.includes('accepted') ? [] : ['good']), ...(bad ? [] : ['bad'])];
}

describe('the table of conformance', () => {
  const rows = rowsOf(read('docs/conformance.md'));

  test('has every row once, and no other', () => {
    assert.deepEqual(rows.map(({ id }) => id).sort(), [...REQUIRED].sort());
  });

  for (const row of rows)
    test(`${row.id} is answered by code and a test`, () => assert.deepEqual(faultsOf(row), []));

  const good = rows.find(({ id }) => id === '8.1-t3')!;
  const planted: [string, Partial<Row>, RegExp][] = [
    ['without a test', { test: '' }, /names no test/],
    ['without code', { code: '' }, /names no code/],
    ['with code that is not there', { code: '`src/kx/codec/nothing.ts`' }, /is not there/],
    ['with a test in words', { test: `${good.test}, and by inspection` }, /something else/],
    ['with a file that is not there', { test: '`test/nothing.test.ts`: "a"' }, /is not there/],
    ['with a test that is not there', { test: '`test/kma/routes.test.ts`: "goes"' }, /has no test "goes"/],
    ['with vectors of no such clause', { test: '`test/golden/kx/fault-json.json`: "8.9"' }, /no bad vector/],
    ['with vectors that nothing runs', { test: '`test/golden/kx/header.json`: "8.1"' }, /run by no test/],
    ['that is open', { code: 'not yet', test: 'not yet' }, /not answered/],
  ];
  for (const [what, change, fault] of planted)
    test(`would show a row ${what}`, () => {
      assert.deepEqual(faultsOf(good), []);
      assert.match(faultsOf({ ...good, ...change }).join('\n'), fault);
    });

  test('would show vectors that are all bad, or all good', () => {
    assert.deepEqual(lacking(['accepted', 'closed']), []);
    assert.deepEqual(lacking(['malformed', 'waiting']), ['good']);
    assert.deepEqual(lacking(['accepted', 'waiting']), ['bad']);
  });
});
