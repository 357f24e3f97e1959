import assert from 'node:assert/strict';
import { linkSync } from 'node:fs';
import { chmod, chown, type FileHandle, open, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { formats } from '../../drivers/key-file/format.ts';
import { KeyFolder } from '../../drivers/ports/folder.ts';
import { limits } from '../../src/limits.ts';
import { ManualClock } from '../manual-clock.ts';
import { drive, folder, left, log, put, turnUntil, watch } from './key-file-setup.ts';
import type { RecordingSink } from './recording-sink.ts';

/** Nobody in particular, where the tests run as root, who may read everything. */
const NOBODY = 65_534;

test('a file that cannot be read stays and is reported once, and the others are taken; it is taken when it can be', async () => {
  for (const number of [1, 2, 3]) await put(`${number}.key`, Buffer.alloc(64, number));
  await chmod(join(folder, '2.key'), 0o000);
  const isRoot = process.geteuid!() === 0;
  if (isRoot) {
    for (const name of ['', '1.key', '3.key']) await chown(join(folder, name), NOBODY, NOBODY);
    process.seteuid!(NOBODY);
  }
  let sink: RecordingSink;
  try {
    ({ sink } = drive('numbered'));
    await left(['2.key']);
    await new Promise((resolve) => setTimeout(resolve, 3 * limits.keyFilePollMs));
  } finally {
    if (isRoot) process.seteuid!(0);
  }
  assert.deepEqual([[...sink.blocks.keys()], sink.losses], [[1, 3], []]);
  const aside = log.lines.filter((line) => line.includes('module.file-set-aside'));
  assert.equal(aside.length, 1);
  assert.match(aside[0]!, /2\.key.*cannot be read/);
  await chmod(join(folder, '2.key'), 0o600);
  await left([]);
  assert.equal(sink.blocks.get(2), '02'.repeat(64));
});

test('a file that may be read and not written to is deleted all the same, and that is told of sparingly', async () => {
  const names = ['1.key', '2.key', '3.key', '.keyferry-erasing-4.key'];
  for (const name of names) {
    await put(name, Buffer.alloc(64, 1));
    await chmod(join(folder, name), 0o440);
  }
  const isRoot = process.geteuid!() === 0;
  if (isRoot) {
    for (const name of ['', ...names]) await chown(join(folder, name), NOBODY, NOBODY);
    process.seteuid!(NOBODY);
  }
  try {
    const { sink } = drive('numbered');
    await left([]);
    assert.deepEqual([...sink.blocks.keys()], [1, 2, 3]);
  } finally {
    if (isRoot) process.seteuid!(0);
  }
  const said = log.lines.filter((line) => line.startsWith('warn'));
  assert.equal(said.length, 1, said.join('\n'));
  assert.match(said[0]!, /files-only-deleted.*without being overwritten: EACCES/);
});

test('of more files than are looked at the lowest numbers are taken first, and bad ones do not stand in the way', async () => {
  // Too long.
  await put('1.key', Buffer.alloc(1));
  await put('2.key', Buffer.alloc(1));
  await truncate(join(folder, '1.key'), limits.keyFileBytesMax + 1);
  await truncate(join(folder, '2.key'), limits.keyFileBytesMax + 1);
  for (let number = 3; number < limits.keyFilesMax + 10; number++)
    linkSync(join(folder, '2.key'), join(folder, `${number}.key`));
  for (const number of [50_007, 50_003]) await put(`${number}.key`, Buffer.alloc(64, number));
  const listed = await new KeyFolder(folder).list(formats.numbered.number);
  const lowest = Array.from({ length: limits.keyFilesMax }, (_, i) => `${i + 1}.key`);
  assert.deepEqual(
    listed.map(({ name }) => name),
    lowest,
  );
  const clock = new ManualClock();
  const { sink } = drive('numbered', { clock });
  // What is waited for is the disk, not the clock.
  const turning = setInterval(() => clock.advance(limits.keyFilePollMs), 5);
  try {
    await watch.until('the good ones', () => sink.deliveries === 2);
    assert.deepEqual([...sink.blocks.keys()], [50_003, 50_007]);
    // One that is set aside is taken once it has changed.
    await truncate(join(folder, '1.key'), 64);
    await watch.until('the one that was mended', () => sink.blocks.has(1));
  } finally {
    clearInterval(turning);
  }
});

test('one that is closed while it opens says nothing', async () => {
  for (let turns = 0; turns < 12; turns++) {
    const { module } = drive('numbered');
    await new Promise((resolve) => setTimeout(resolve));
    for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve));
    await module.close();
  }
  assert.deepEqual(log.lines, []);
});

test('what could not be deleted is tried again while the folder stays open', async () => {
  const clock = new ManualClock();
  const { sink } = drive('numbered', { clock });
  await turnUntil(clock, () => sink.opens.length === 1);
  await put('.keyferry-erasing-1.key', Buffer.alloc(64, 1));
  await clock.leap(limits.keyFileSweepMs + limits.keyFilePollMs);
  await left([]);
  assert.equal(sink.deliveries, 0);
});

test('of a file that fails in the middle nothing is left in memory', async (t) => {
  await put('1.key', Buffer.alloc(64, 1));
  const probe = await open(join(folder, '1.key'));
  const prototype = Object.getPrototypeOf(probe) as FileHandle;
  await probe.close();
  let memory: Buffer = Buffer.alloc(0);
  t.mock.method(prototype, 'read', async (into: Buffer) => {
    memory = into;
    if (into[0] === 0) return { bytesRead: into.fill(1, 0, 32).indexOf(0), buffer: into };
    throw new Error('the disk fails');
  });
  await assert.rejects(new KeyFolder(folder).read('1.key', 64), /the disk fails/);
  assert.deepEqual(memory, Buffer.alloc(64));
});
