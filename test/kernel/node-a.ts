import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Lab } from '../../src/cli/demo/lab.ts';
import type { LinkStatus, Status } from '../../src/observe/status.ts';
import type { Guest } from './guest.ts';

// On two cores that many others used at the same time the first block came within 40 s, and each change was told within 12 s.
export const BOOT_MS = 5 * 40_000;
export const CHANGE_MS = 5 * 12_000;
const QUIET_MS = 3_000;

/** Node A's files as the guest is to have them: the module is wherever the USB device with that identity is. */
export async function labIn(
  directory: string,
  driver: string,
  usb: string,
): Promise<{ folder: string; key: string }> {
  const lab = await Lab.make(join(directory, 'lab'), { logLevel: 'debug' });
  const { config, socket } = lab.node('A');
  const { tty, key } = lab.modules.find(({ kmaId }) => kmaId === 'A')!;
  const text = readFileSync(config, 'utf8')
    .replace(socket, '/lab/control.sock')
    .replace(/driver: .*/, `driver: ${driver}`)
    .replace(`path: ${tty}`, `usb: ${usb}`);
  writeFileSync(config, text);
  return { folder: lab.directory, key };
}

/** Numbers of the blocks that the guest's agent has told its module are stored; one may come again. */
export const acknowledged = (guest: Guest): number[] =>
  guest.lines.filter(({ event }) => event === 'module.acknowledged').map(({ number }) => number as number);

/** Waits for so many blocks that were not there before. */
export async function more(guest: Guest, blocks: number): Promise<void> {
  const distinct = (): number => new Set(acknowledged(guest)).size;
  const before = distinct();
  await guest.until(`${blocks} blocks more`, CHANGE_MS, () => distinct() >= before + blocks);
}

/** The cable of the guest's own USB device is pulled amid the stream and put back. */
export async function pullCable(guest: Guest): Promise<void> {
  const [opens, closes] = [guest.count('module.open'), guest.count('module.port-closed')];
  await more(guest, 20);
  guest.say('unplug');
  await guest.until('the loss', CHANGE_MS, () => guest.count('module.port-closed') > closes);
  guest.say('plug');
  await guest.until('the module is back', CHANGE_MS, () => guest.count('module.open') > opens);
}

/** Waits until what was on its way has come, and the console has told it. */
async function quiet(guest: Guest): Promise<void> {
  for (let seen = -1; seen !== acknowledged(guest).length; ) {
    seen = acknowledged(guest).length;
    await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
  }
}

/** When no more blocks come: each from the first to the last was stored, and once. Returns how many. */
export async function assertOnceEach(guest: Guest, blockBytes: number): Promise<number> {
  await quiet(guest);
  guest.say('status');
  const status = await guest.until('status', CHANGE_MS, () => guest.lines.find((line) => 'links' in line));
  const link = (status as unknown as Status).links.find(({ peer }) => peer === 'B') as LinkStatus;
  const numbers = acknowledged(guest);
  const distinct = new Set(numbers);
  assert.equal(Math.max(...distinct) - Math.min(...distinct) + 1, distinct.size, 'a block was lost');
  assert.equal(link.blocks_stored, distinct.size, 'a block was stored twice, or not');
  assert.equal(link.blocks_again, numbers.length - distinct.size);
  assert.equal(link.bytes_stored, distinct.size * blockBytes);
  return distinct.size;
}

/** Why openings ended, for whoever reads the test's output. */
export const losses = (guest: Guest): string =>
  guest.lines.flatMap(({ event, reason }) => (event === 'module.lost' ? [`${reason}`] : [])).join('; ');
