import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { makeDurable } from '../../src/disk/durable.ts';
import { systemDisk } from '../../src/node/disk.ts';
import { cannotMount, cannotMountLoop, mountFor } from '../mount.ts';

const PAGE = 4_096;
const PAGES = 16;

/**
 * A file of 16 pages on a file system in a file, in memory that is full: a page that is written anew finds no room below, and its sync fails as on a disk that
 * fails. Then there is room again, as on a disk that has come to itself.
 */
function syncThatFails(t: TestContext): { path: string; onMedium(): Buffer } {
  const { path: memory } = mountFor(t, 'size=12m');
  const [image, at, filler] = [join(memory, 'image'), join(memory, 'mount'), join(memory, 'filler')];
  fs.mkdirSync(at);
  fs.writeFileSync(image, '');
  fs.truncateSync(image, 8 << 20);
  // Without a journal: nothing but the file itself is to be written.
  execFileSync('mkfs.ext4', ['-q', '-b', `${PAGE}`, '-O', '^has_journal', image]);
  execFileSync('mount', ['-o', 'loop,noatime,errors=continue', image, at]);
  t.after(() => spawnSync('umount', ['--lazy', at]));
  const path = join(at, 'log');
  fs.writeFileSync(path, Buffer.alloc(PAGES * PAGE, 'old'), { flush: true });
  execFileSync('sync', ['-f', at]);
  for (const block of blocksOf(image)) punch(image, block);
  fill(filler);
  const file = fs.openSync(path, 'r+');
  fs.writeSync(file, Buffer.alloc(PAGES * PAGE, 'new'), 0, PAGES * PAGE, 0);
  assert.throws(() => fs.fdatasyncSync(file), { code: /^(EIO|ENOSPC)$/ });
  fs.closeSync(file);
  fs.rmSync(filler);
  // What a machine without power finds: the image alone.
  const onMedium = () => {
    const copy = join(memory, 'found');
    fs.copyFileSync(image, copy);
    const found = execFileSync('debugfs', ['-R', 'cat /log', copy], { stdio: ['ignore', 'pipe', 'ignore'] });
    fs.rmSync(copy);
    return found;
  };
  return { path, onMedium };
}

function blocksOf(image: string): number[] {
  const said = execFileSync('debugfs', ['-R', 'blocks /log', image], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const blocks = said.trim().split(/\s+/).map(Number);
  assert.equal(blocks.length, PAGES, said);
  return blocks;
}

function punch(image: string, block: number): void {
  execFileSync('fallocate', ['--punch-hole', '--offset', `${block * PAGE}`, '--length', `${PAGE}`, image]);
}

function fill(path: string): void {
  const file = fs.openSync(path, 'w');
  try {
    for (;;) fs.writeSync(file, Buffer.alloc(PAGE));
  } catch (thrown) {
    assert.equal((thrown as NodeJS.ErrnoException).code, 'ENOSPC');
  } finally {
    fs.closeSync(file);
  }
}

const fresh = Buffer.alloc(PAGES * PAGE, 'new');

test('after a sync that failed another process reads what is not on the disk, and its own sync does not bring it there', {
  skip: cannotMount() || cannotMountLoop(),
}, (t) => {
  const { path, onMedium } = syncThatFails(t);
  const file = fs.openSync(path, 'r+');
  assert.ok(fs.readFileSync(path).equals(fresh));
  fs.fdatasyncSync(file);
  fs.closeSync(file);
  assert.ok(!onMedium().equals(fresh));
});

test('what is written once more is on the disk after the sync', {
  skip: cannotMount() || cannotMountLoop(),
}, (t) => {
  const { path, onMedium } = syncThatFails(t);
  const file = fs.openSync(path, 'r+');
  makeDurable(systemDisk, file);
  fs.closeSync(file);
  assert.ok(onMedium().equals(fresh));
});
