import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { BlockSource } from '../../src/simulator/block-source.ts';
import { BLOCKS, stillLink } from '../drivers/still-module.ts';
import { labFor, logOf, ownKeys, until } from './lab.ts';

const root = join(import.meta.dirname, '../..');

/** Puts another driver and port in the place of a node's link to `peer`. */
function useDriver(config: string, linkId: string, driver: string): void {
  const text = readFileSync(config, 'utf8');
  const link = new RegExp(
    `(link_id: ${linkId}\\n)    driver: .*\\n    port:\\n      path: .*\\n    module_key: .*\\n    qber_max: .*`,
  );
  assert.match(text, link);
  writeFileSync(config, text.replace(link, `$1${driver}`));
}

test('one end of a link by exec, the other by key-file: both agree on the blocks, the files are erased, and keyferry module shows it', async (t) => {
  const lab = await labFor(t);
  const program = join(lab.directory, 'program');
  const drop = join(lab.directory, 'drop');
  for (const folder of [program, drop]) mkdirSync(folder, { mode: 0o700 });
  writeFileSync(join(program, 'plugged'), '');
  const source = new BlockSource(stillLink);
  for (let number = 1; number <= BLOCKS; number++)
    writeFileSync(join(drop, `${number}.key`), source.block(number).view());
  const module = join(import.meta.dirname, '../drivers/stdio-module.ts');
  const { key } = lab.modules.find(({ linkId, kmaId }) => linkId === 'ab' && kmaId === 'A')!;
  useDriver(
    lab.node('A').config,
    'ab',
    `    driver: exec\n    port: { program: [${process.execPath}, ${module}, ${program}, ${key}] }\n    module_key: ${key}\n    qber_max: 0.08`,
  );
  useDriver(
    lab.node('B').config,
    'ab',
    `    driver: key-file\n    port: { folder: { path: ${drop}, format: numbered } }\n    unauthenticated_module: true`,
  );
  for (const kmaId of ['A', 'B']) lab.startNode(kmaId);
  const inStep = (peer: string) => (status: Awaited<ReturnType<typeof until>>) =>
    status.links.find((link) => link.peer === peer)?.blocks_synchronised === BLOCKS;
  const a = await until(lab, 'A', 'all blocks are in step', inStep('B'));
  const b = await until(lab, 'B', 'all blocks are in step', inStep('A'));
  assert(ownKeys(a, 'B') > 0 && ownKeys(b, 'A') > 0);
  // A file goes when its block is on disk, which the neighbour does not wait for.
  await until(lab, 'B', 'the files are erased', () => readdirSync(drop).length === 0);
  assert.equal(a.links[0]!.blocks_quarantined, 0);
  assert.deepEqual([a.links[0]!.proved, b.links[0]!.proved], [true, false]);

  const options = ['module', 'still-1', '--watch', '--socket', lab.node('A').socket];
  const watch = spawn(process.execPath, ['src/main.ts', ...options], { cwd: root });
  let shown = '';
  watch.stdout.on('data', (chunk: Buffer) => {
    shown += chunk.toString();
    if (shown.split('\n').length > 5) watch.kill('SIGTERM');
  });
  await once(watch, 'close');
  assert.match(shown, /^to B by exec: module still-1 \(tx, firmware still\) on link ab\nstate .*\n/);
  assert.match(shown, /\nopen +2\.00 % +1000 +12 +0 +0 +12 +0\n/);

  const command = (kmaId: string, ...words: string[]) =>
    spawnSync(process.execPath, ['src/main.ts', 'module', ...words, '--socket', lab.node(kmaId).socket], {
      cwd: root,
      encoding: 'utf8',
    });
  assert.equal(command('A', 'still-1', 'identify').stdout, 'done: a simulated light blinks\n');
  const none = command('B', 'A', 'identify');
  assert.deepEqual([none.status, /take no commands/.test(none.stderr)], [1, true]);
  assert.equal(command('A', 'B', 'identify', '--watch').status, 2);
  assert(!JSON.stringify(logOf(lab, 'A')).includes('set-aside'));
});
