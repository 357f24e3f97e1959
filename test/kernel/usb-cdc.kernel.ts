import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { buildC, whyNoC } from '../firmware-bridge/c-build.ts';
import type { CModuleReport } from '../firmware-bridge/c-module.ts';
import { Guest } from './guest.ts';
import { makeImage, whyNoGuest } from './image.ts';
import { acknowledged, assertOnceEach, BOOT_MS, CHANGE_MS, labIn, losses, more } from './node-a.ts';

const PULLS = 4;
const BLOCK_BYTES = 2048;

/** The module is a process in the guest, at the far end of a USB CDC device that the guest's kernel makes itself. */
async function boot(t: TestContext): Promise<Guest> {
  const directory = mkdtempSync(join(tmpdir(), 'keyferry-guest-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const { module } = await buildC('-O2 -static', ['module']);
  const lab = await labIn(directory, '{vendor: "1d6b", product: "0104", serial: GAD7}');
  copyFileSync(module, join(lab.folder, 'module'));
  const options = `--seed k --link-id ab --role tx --tty /dev/ttyGS0 --module-key ${lab.key.replace(lab.folder, '/lab')}`;
  const size = `--block-bytes ${BLOCK_BYTES} --blocks-per-second 20 --buffer-blocks 8192`;
  writeFileSync(join(lab.folder, 'module.options'), `${options} ${size}\n`);
  const guest = new Guest(makeImage(directory, lab.folder), directory, []);
  t.after(() => guest.end());
  return guest;
}

test('the cable of a USB CDC module is pulled amid the stream, again and again, and nothing is lost or doubled', {
  skip: whyNoC() || whyNoGuest(),
}, async (t) => {
  const guest = await boot(t);
  await guest.until('the first block', BOOT_MS, () => acknowledged(guest).length > 0);
  for (let pull = 1; pull <= PULLS; pull++) {
    const [opens, closes] = [guest.count('module.open'), guest.count('module.port-closed')];
    await more(guest, 20);
    guest.say('unplug');
    await guest.until('the loss', CHANGE_MS, () => guest.count('module.port-closed') > closes);
    guest.say('plug');
    await guest.until('the module is back', CHANGE_MS, () => guest.count('module.open') > opens);
  }
  await more(guest, 40);
  guest.say('unplug');
  const blocks = await assertOnceEach(guest, BLOCK_BYTES);
  guest.say('report');
  const last = await guest.until('a report', CHANGE_MS, () => {
    return guest.lines.find((line) => 'openings' in line) as CModuleReport | undefined;
  });
  assert.equal(last.refused + last.dropped + last.zeroized, 0);
  t.diagnostic(`${blocks} blocks, ${acknowledged(guest).length - blocks} came again; ${losses(guest)}`);
});
