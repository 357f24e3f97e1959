import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '../..');
const CODE =
  /'((?:host\.(?:store|data_directory|clock|guard)_|host\.zeroized|configuration\.(?:wrong_node_key|store_of_other_node))\w*)'/g;

test('every code of the store, the data directory and the clock is in docs/recovery.md, and no other', () => {
  const doc = readFileSync(join(root, 'docs/recovery.md'), 'utf8');
  const sources = globSync('src/**/*.ts', { cwd: root }).map((path) =>
    readFileSync(join(root, path), 'utf8'),
  );
  const codes = new Set(sources.flatMap((text) => [...text.matchAll(CODE)].map((match) => match[1]!)));
  assert.ok(codes.size > 12, `${codes.size} codes found`);
  // A code of the document is the first thing in a cell.
  const told = new Set(
    [...doc.matchAll(/^\| (`[^|]+)\|/gm)].flatMap((row) =>
      [...row[1]!.matchAll(/`([\w.]+)`/g)].map((code) => code[1]!),
    ),
  );
  for (const code of ['store.block_damaged', 'store.hold_unreadable']) told.delete(code);
  assert.deepEqual([...told].sort(), [...codes].sort());
});
