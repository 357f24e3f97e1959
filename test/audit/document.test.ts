import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { toldEvents } from '../../src/audit/log-tap.ts';
import { sealerOf, verdictOn } from './lines.ts';

const root = resolve(import.meta.dirname, '..', '..');
const text = readFileSync(join(root, 'docs', 'audit.md'), 'utf8');

test('the example in docs/audit.md is whole, and sealed under the key that it names', () => {
  const lines = /```json\n([^`]*)\n```/.exec(text)?.[1]?.split('\n') ?? [];
  assert.equal(lines.length, 3);
  using sealer = sealerOf(7);
  const verdict = verdictOn(lines, { sealer });
  assert.deepEqual([verdict.fault, verdict.sealedTo, verdict.otherSeals], [null, 2, 0]);
});

function sources(folder: string): string {
  const files = readdirSync(join(root, folder), { recursive: true, withFileTypes: true });
  return files
    .filter((file) => file.isFile() && file.name.endsWith('.ts') && file.name !== 'log-tap.ts')
    .map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'utf8'))
    .join('\n');
}

test('what of the log goes on record is still logged under that name, and is in docs/audit.md', () => {
  const code = `${sources('src')}${sources('drivers')}`;
  assert.ok(toldEvents.length > 15);
  for (const event of toldEvents) {
    assert.match(code, new RegExp(`\\.(info|warn|error)\\('${event.replaceAll('.', '\\.')}'`), event);
    assert.ok(text.includes(`\`${event}\``), `${event} is not in docs/audit.md`);
  }
});

test('every event that is recorded by name is in docs/audit.md', () => {
  const names = [...sources('src').matchAll(/what: '([a-z_]+\.[a-z_.]+)'/g)].map(([, name]) => name!);
  assert.ok(names.length > 10, `${names.length} names`);
  for (const name of names) assert.ok(text.includes(`\`${name}\``), `${name} is not in docs/audit.md`);
});
