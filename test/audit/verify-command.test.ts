import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { sound } from '../config/fault-cases.ts';
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

test('"audit verify --config" that cannot look at the seals does not call the trail whole, and ends with 1', (t) => {
  const folder = directoryFor(t);
  const directory = join(folder, 'data/audit');
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(folder, 'config.yaml'), sound);
  writeTrail(directory, chainOf(20));
  const words = [MAIN, 'audit', 'verify', '--config', join(folder, 'config.yaml')];
  const { status, stdout, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' });
  assert.equal(status, 1, stderr);
  assert.match(stdout, /\nseals: not looked at: .*\n[\s\S]*\nwhole as far as it was looked at: see above\n$/);
});

test('"audit show" where there is no trail says so, and ends with 1', (t) => {
  const words = [MAIN, 'audit', 'show', '--directory', directoryFor(t)];
  const { status, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' });
  assert.equal(status, 1);
  assert.match(stderr, /there is no audit trail in .*\[host\.audit_unreadable\]/s);
});
