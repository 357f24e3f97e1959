import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { directoryFor } from '../store/temp-store.ts';
import { chainOf, writeTrail } from './lines.ts';

const MAIN = join(import.meta.dirname, '../../src/main.ts');

test('"audit verify" of a trail that is not whole names the line and ends with 3', (t) => {
  const directory = directoryFor(t);
  const lines = chainOf(20);
  writeTrail(directory, lines.with(7, lines[7]!.replace('"done"', '"fail"')));
  const words = [MAIN, 'audit', 'verify', '--directory', directory];
  const { status, stdout, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' });
  assert.equal(status, 3, stderr);
  assert.match(stdout, /\nNOT WHOLE: .*, line 8\) \[changed\]\n$/);
});
