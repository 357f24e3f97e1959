import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ownBenchmarks } from '../../src/bench/own.ts';
import { directoryFor } from '../store/temp-store.ts';

const MAIN = join(import.meta.dirname, '../../src/main.ts');
const bench = (...words: string[]) =>
  spawnSync(process.execPath, [MAIN, 'bench', ...words], { encoding: 'utf8' });

test('"bench" measures on the disk that it is given, and leaves nothing there', (t) => {
  const directory = directoryFor(t);
  const { status, stdout, stderr } = bench('store-4k', '--quick', '--json', '--directory', directory);
  assert.equal(status, 0, stderr);
  const [result, ...others] = JSON.parse(stdout) as { name: string; value: number }[];
  assert.equal(result?.name, 'store-4k');
  assert.ok(result.value > 0);
  assert.deepEqual(others, []);
  assert.match(stderr, /^store-4k {2}3\/3 /m);
  assert.deepEqual(readdirSync(directory), []);
});

test('"bench" that is interrupted puts away what it made', async (t) => {
  const directory = directoryFor(t);
  const child = spawn(process.execPath, [MAIN, 'bench', 'store-4k', '--quick', '--directory', directory]);
  let said = '';
  child.stdout.on('data', (text: Buffer) => (said += text.toString()));
  await once(child.stderr, 'data');
  assert.equal(readdirSync(directory).length, 1);
  child.kill('SIGINT');
  assert.deepEqual(await once(child, 'exit'), [130, null]);
  assert.equal(said, '');
  assert.deepEqual(readdirSync(directory), []);
});

test('"bench" says what it does not know, and where it cannot write', () => {
  const unknown = bench('nothing');
  assert.equal(unknown.status, 1);
  assert.match(unknown.stderr, /configuration\.bench_name/);
  for (const { name } of ownBenchmarks) assert.ok(unknown.stderr.includes(name), name);
  const nowhere = bench('codec-pass', '--directory', '/nowhere');
  assert.equal(nowhere.status, 1);
  assert.match(nowhere.stderr, /configuration\.bench_directory/);
});
