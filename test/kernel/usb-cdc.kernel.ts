import assert from 'node:assert/strict';
import { test } from 'node:test';
import { whyNoC } from '../firmware-bridge/c-build.ts';
import { bootWithGadget, moduleReport } from './gadget.ts';
import { whyNoGuest } from './image.ts';
import { acknowledged, assertOnceEach, BOOT_MS, losses, more, pullCable } from './node-a.ts';

const PULLS = 4;
const BLOCK_BYTES = 2048;

test('the cable of a USB CDC module is pulled amid the stream, again and again, and nothing is lost or doubled', {
  skip: whyNoC() || whyNoGuest(),
}, async (t) => {
  const guest = await bootWithGadget(t, {
    driver: 'bridge-serial',
    function: 'acm.0',
    attributes: {},
    options: [
      ...['--tty', '/dev/ttyGS0', '--block-bytes', `${BLOCK_BYTES}`],
      ...['--blocks-per-second', '20', '--buffer-blocks', '8192'],
    ],
  });
  await guest.until('the first block', BOOT_MS, () => acknowledged(guest).length > 0);
  for (let pull = 1; pull <= PULLS; pull++) await pullCable(guest);
  await more(guest, 40);
  guest.say('unplug');
  const blocks = await assertOnceEach(guest, BLOCK_BYTES);
  const last = await moduleReport(guest);
  assert.equal(last.refused + last.dropped + last.zeroized, 0);
  t.diagnostic(`${blocks} blocks, ${acknowledged(guest).length - blocks} came again; ${losses(guest)}`);
});
