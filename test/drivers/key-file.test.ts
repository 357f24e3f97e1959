import assert from 'node:assert/strict';
import { appendFile, chmod, mkdir, readdir, rename, rm, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { formats } from '../../drivers/key-file/format.ts';
import { KeyFolder } from '../../drivers/ports/folder.ts';
import { limits } from '../../src/limits.ts';
import { ManualClock } from '../manual-clock.ts';
import { drive, folder, left, log, put, turnUntil, watch } from './key-file-setup.ts';

function type7(epoch: number, bits: number, tag = 7): Buffer {
  const file = Buffer.alloc(16 + Math.ceil(bits / 32) * 4, 0xa5);
  file.writeInt32LE(tag, 0);
  file.writeUInt32LE(epoch, 4);
  file.writeUInt32LE(2, 8);
  file.writeInt32LE(bits, 12);
  return file;
}

test('numbered files are taken in the order of their numbers and erased once stored; others stay', async () => {
  for (const number of [10, 9, 2]) await put(`${number}.key`, Buffer.alloc(128, number));
  for (const name of ['07.key', '3.key.part', '.4.key', 'x.key', '999999999999.key'])
    await put(name, Buffer.alloc(128));
  await symlink('/etc/hostname', join(folder, '5.key'));
  const { sink } = drive('numbered');
  await left(['07.key', '3.key.part', '.4.key', 'x.key', '999999999999.key', '5.key']);
  assert.deepEqual([...sink.blocks.keys()], [2, 9, 10]);
  assert.equal(sink.blocks.get(9), '09'.repeat(128));
});

test('a file that is still being written is not taken until it has stood still', async () => {
  const clock = new ManualClock();
  const { sink } = drive('numbered', { clock });
  await put('1.key', Buffer.alloc(64, 1));
  for (let i = 0; i < 8; i++) {
    await clock.leap(limits.keyFileSettledMs / 4);
    await appendFile(join(folder, '1.key'), Buffer.alloc(64, 1));
  }
  assert.equal(sink.deliveries, 0);
  await turnUntil(clock, () => sink.deliveries === 1);
  assert.equal(sink.blocks.get(1), '01'.repeat(64 * 9));
});

test('a file without an answer stays, is delivered again after a restart, and is erased then', async () => {
  await put('1.key', Buffer.alloc(128, 1));
  const first = drive('numbered');
  first.sink.holdAnswers = true;
  await watch.until('the block', () => first.sink.deliveries === 1);
  await first.module.close();
  for (const answer of first.sink.held) answer.stored();
  assert.deepEqual(await readdir(folder), ['1.key']);
  const second = drive('numbered');
  await left([]);
  assert.equal(second.sink.blocks.get(1), first.sink.blocks.get(1));
});

test('what an agent that was killed had begun to erase is never read again', async () => {
  await put('.keyferry-erasing-1.key', Buffer.alloc(128, 1));
  const { sink } = drive('numbered');
  await left([]);
  assert.equal(sink.deliveries, 0);
});

test('type-7 files are taken when they are as long as they say, their numbers from their epochs', async () => {
  const whole = type7(0xb5a3, 1_030);
  await put('b5a3', whole.subarray(0, 100));
  const { sink } = drive('type-7');
  await put('b5a1', type7(0xb5a1, 1_024, 0x107));
  await left(['b5a3']);
  await watch.until('the report', () => log.lines.some((line) => line.includes('it is not complete')));
  await put('b5a3', whole);
  await left([]);
  const numbers = [0xb5a1, 0xb5a3].map((epoch) => formats['type-7'].number(epoch.toString(16))!);
  assert.deepEqual([...sink.blocks.keys()], numbers);
  // 1,030 bits are 32 whole words and six bits.
  assert.deepEqual([...sink.blocks.values()], ['a5'.repeat(128), 'a5'.repeat(128)]);
});

test('numbers of epochs in even steps are even and odd in equal shares', () => {
  for (const step of [1, 2, 4, 64]) {
    let odd = 0;
    for (let i = 0; i < 1_024; i++) odd += formats['type-7'].number((i * step).toString(16))! % 2;
    assert.equal(odd, 512);
  }
  const number = formats['type-7'].number('ffffffff')!;
  assert(number <= limits.blockNumberMax && Math.floor(number / 2) === 0xffffffff);
});

test('a type-7 file that contradicts itself stays and is reported once', async () => {
  const name = type7(1, 1_024);
  name.writeUInt32LE(2, 4);
  await put('1', name);
  await put('2', Buffer.concat([type7(2, 1_024), Buffer.alloc(4)]));
  await put('3', type7(3, 1_024, 4));
  await put('4', type7(4, 31));
  await put('5', Buffer.alloc(limits.keyFileBytesMax + 17));
  const { sink } = drive('type-7');
  const aside = (): string[] => log.lines.filter((line) => line.includes('module.file-set-aside'));
  await watch.until('five reports', () => aside().length === 5);
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  assert.equal(aside().length, 5);
  assert.equal(sink.deliveries, 0);
  assert.equal((await readdir(folder)).length, 5);
  for (const reason of [
    'name is not its epoch',
    'longer than the 144 bytes',
    'tag is 4',
    'less than a word',
    'that fit',
  ])
    assert(
      aside().some((line) => line.includes(reason)),
      reason,
    );
});

test('a folder that anyone may write to is refused, and taken from when that is mended', async () => {
  await put('1.key', Buffer.alloc(128, 1));
  await chmod(folder, 0o777);
  const { sink } = drive('numbered');
  await watch.until('the warning', () => log.lines.some((line) => line.includes('anyone may write')));
  assert.equal(sink.opens.length, 0);
  await chmod(folder, 0o700);
  await left([]);
});

test('many files pass through a bounded window', async () => {
  const count = limits.keyFilesUnderWayMax + 64;
  for (let number = 0; number < count; number++) await put(`${number}.key`, Buffer.alloc(96, number));
  const { sink } = drive('numbered');
  sink.holdAnswers = true;
  await watch.until('a window', () => sink.deliveries === limits.keyFilesUnderWayMax);
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  assert.equal(sink.deliveries, limits.keyFilesUnderWayMax);
  sink.holdAnswers = false;
  for (const answer of sink.held) answer.stored();
  await left([]);
  assert.equal(sink.blocks.size, count);
});

test('a file replaced while its block waits for storage is not lost', async () => {
  await put('1.key', Buffer.alloc(128, 1));
  const { sink } = drive('numbered');
  sink.holdAnswers = true;
  await watch.until('the block', () => sink.deliveries === 1);
  await put('2.new', Buffer.alloc(128, 2));
  await rename(join(folder, '2.new'), join(folder, '2.key'));
  await watch.until('the second', () => sink.deliveries === 2);
  for (const answer of sink.held) answer.stored();
  await left([]);
  await assert.rejects(stat(join(folder, '1.key')));
});

test('what was stored of a folder that has gone erases nothing of the one that took its place', async (t) => {
  const clock = new ManualClock();
  for (const number of [1, 2]) await put(`${number}.key`, Buffer.alloc(64, number));
  const { sink, module } = drive('numbered', { clock });
  sink.holdAnswers = true;
  const turned = (what: () => boolean) => turnUntil(clock, what);
  await turned(() => sink.deliveries === 2);
  // The first file takes long, and the second has to wait.
  const { promise, resolve } = Promise.withResolvers<void>();
  const erase = t.mock.method(KeyFolder.prototype, 'erase', () => promise, { times: 1 });
  for (const answer of sink.held) answer.stored();
  await watch.until('the first is being erased', () => erase.mock.callCount() === 1);
  await rename(folder, `${folder}.gone`);
  t.after(() => rm(`${folder}.gone`, { recursive: true, force: true }));
  await turned(() => sink.losses.length === 1);
  await mkdir(folder, { mode: 0o700 });
  for (const number of [1, 2]) await put(`${number}.key`, Buffer.alloc(64, number));
  await turned(() => sink.opens.length === 2 && sink.deliveries === 4);
  resolve();
  // The end of that is none of what is under way now.
  for (let i = 0; i < 5; i++) await clock.leap(limits.keyFilePollMs);
  assert.equal(sink.deliveries, 4);
  await module.close();
  assert.deepEqual((await readdir(folder)).sort(), ['1.key', '2.key']);
});
