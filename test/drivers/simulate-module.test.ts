import assert from 'node:assert/strict';
import { lstat, readlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { BlockSource } from '../../src/simulator/block-source.ts';
import { SimulatorFolder } from './simulator-process.ts';

let folder: SimulatorFolder;
beforeEach(async () => {
  folder = await SimulatorFolder.make();
});
afterEach(() => folder.close());

const args = ['--seed', '00ff', '--link-id', 'L1', '--role', 'tx'];
const link = { seed: Buffer.of(1, 2), linkId: 'L1', blockBytes: 100, blocksPerSecond: 10, startMs: 1000 };

test('a block depends on seed, link and number only', () => {
  const of = (options: Partial<typeof link>, number: number): string =>
    new BlockSource({ ...link, ...options }).block(number).view().toString('hex');
  const block = of({}, 7);
  assert.equal(of({ startMs: 5, blocksPerSecond: 3 }, 7), block);
  assert.equal(of({ blockBytes: 50 }, 7), block.slice(0, 100));
  const others = [of({}, 8), of({}, 7 + 2 ** 32), of({ linkId: 'L2' }, 7), of({ seed: Buffer.of(1) }, 7)];
  assert.equal(new Set([block, ...others]).size, 5);
});

test('block n exists from start + n / rate', () => {
  const at = (ms: number, blocksPerSecond: number): number =>
    new BlockSource({ ...link, blocksPerSecond }).newestAt(ms);
  assert.equal(at(999, 10), -1);
  assert.equal(at(1000, 10), 0);
  assert.equal(at(1099, 10), 0);
  assert.equal(at(1100, 10), 1);
  assert.equal(at(1000 + 59_999, 1 / 60), 0);
  assert.equal(at(1000 + 120_000, 1 / 60), 2);
});

test('SIGTERM ends it with code 0, its symbolic link and its terminal gone', async () => {
  const symlink = join(folder.path, 'tty');
  const simulator = await folder.start([...args, '--symlink', symlink]);
  assert.deepEqual(simulator.reports[0], {
    event: 'ready',
    path: symlink,
    terminal: simulator.terminal,
    link_id: 'L1',
    role: 'tx',
  });
  assert.equal(await readlink(symlink), simulator.terminal);
  simulator.process.kill('SIGTERM');
  assert.equal(await simulator.ended, 0);
  assert.equal(simulator.reports.at(-1)?.event, 'stopped');
  await assert.rejects(lstat(symlink));
});

test('it does not replace a file by its symbolic link', async () => {
  const file = join(folder.path, 'precious');
  await writeFile(file, 'x');
  const simulator = await folder.start([...args, '--symlink', file]);
  assert.notEqual(await simulator.ended, 0);
  assert.match(simulator.stderr(), /exists and is not a symbolic link/);
  assert((await lstat(file)).isFile());
});

test('wrong options are refused with what would be right', async () => {
  for (const [wrong, right] of [
    [['--block-bytes', '0'], /whole number from 1 to 16777216/],
    [['--blocks-per-second', '-1'], /number from 0 to 100000, not 0 itself/],
    [['--qber', '0.7'], /number from 0 to 0.5/],
    [['--role', 'both'], /tx, rx/],
    [['--link-id', 'a b'], /printable ASCII characters without space/],
  ] as const) {
    const simulator = await folder.start([...args, ...wrong]);
    assert.notEqual(await simulator.ended, 0);
    assert.match(simulator.stderr(), right);
  }
});
