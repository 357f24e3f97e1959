import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { claims } from '../../drivers/contract/claims.ts';
import { reportDescriptor } from '../drivers/report-descriptor.ts';
import { whyNoC } from '../firmware-bridge/c-build.ts';
import { bootWithGadget, moduleReport } from './gadget.ts';
import type { Guest } from './guest.ts';
import { whyNoGuest } from './image.ts';
import { acknowledged, assertOnceEach, BOOT_MS, CHANGE_MS, losses, more, pullCable } from './node-a.ts';

const PULLS = 4;
const BLOCK_BYTES = 1024;
const STOPPED_MS = 3_000;
/** For all claims together: each waits for less than five seconds where nothing else runs. */
const CLAIMS_MS = 300_000;

function bootHid(t: TestContext, reportBytes: number, reportId: number | undefined, more: readonly string[]) {
  const described = reportDescriptor(reportId === undefined ? reportBytes : reportBytes - 1, reportId);
  return bootWithGadget(t, {
    driver: 'bridge-hid',
    function: 'hid.0',
    attributes: { protocol: '0', subclass: '0', report_length: `${reportBytes}`, report_desc: described },
    options: [
      ...['--hid', '/dev/hidg0', '--report-bytes', `${reportBytes}`, '--report-id', `${reportId ?? 0}`],
      ...['--block-bytes', `${BLOCK_BYTES}`, '--blocks-per-second', '10', '--buffer-blocks', '8192', ...more],
    ],
    flags: `-DKF_REPORT_BYTES_MAX=${reportBytes}`,
  });
}

/** The agent gets no processor time for a while; its kernel goes on. */
async function stopHost(guest: Guest): Promise<void> {
  guest.say('stop');
  await new Promise((resolve) => setTimeout(resolve, STOPPED_MS));
  guest.say('go-on');
}

async function finish(t: TestContext, guest: Guest): Promise<void> {
  await more(guest, 20);
  guest.say('unplug');
  const blocks = await assertOnceEach(guest, BLOCK_BYTES);
  const last = await moduleReport(guest);
  assert.equal(last.refused + last.dropped + last.zeroized, 0);
  t.diagnostic(`${blocks} blocks, ${acknowledged(guest).length - blocks} came again; ${losses(guest)}`);
}

test('a HID module on a real kernel: found by its identity, read without loss by a slow host, and again after its cable was pulled', {
  skip: whyNoC() || whyNoGuest(),
}, async (t) => {
  const guest = await bootHid(t, 64, 5, []);
  await guest.until('the first block', BOOT_MS, () => acknowledged(guest).length > 0);
  guest.say('devices');
  const { devices } = (await guest.until('devices', CHANGE_MS, () => {
    return guest.lines.find((line) => 'devices' in line);
  })) as unknown as { devices: object[] };
  const [device] = devices.filter((each) => 'kind' in each && each.kind === 'hid') as Record<
    string,
    unknown
  >[];
  const { vendor, product, serial, drivers, in_use } = device!;
  assert.deepEqual(
    { vendor, product, serial, drivers },
    { vendor: '1d6b', product: '0104', serial: 'GAD7', drivers: ['bridge-hid'] },
  );
  assert.match((in_use as { program: string }).program, /^node$/);
  await stopHost(guest);
  await more(guest, 20);
  assert.equal(guest.count('module.lost'), 0, 'more was under way than the kernel keeps for a slow reader');
  for (let pull = 1; pull <= PULLS; pull++) await pullCable(guest);
  await finish(t, guest);
});

test('what the kernel drops of a HID module that floods a slow host comes again', {
  skip: whyNoC() || whyNoGuest(),
}, async (t) => {
  const guest = await bootHid(t, 1024, undefined, ['--telemetry-ms', '4']);
  await guest.until('the first block', BOOT_MS, () => acknowledged(guest).length > 0);
  // While the module has many blocks waiting, key goes first and fills what the kernel keeps.
  for (let tries = 0; (await moduleReport(guest)).held > 3; tries++) {
    assert.ok(tries < 60, 'the module still has blocks waiting');
    await more(guest, 20);
  }
  const before = guest.count('module.lost');
  await stopHost(guest);
  await guest.until('the loss to be noticed', CHANGE_MS, () => guest.count('module.lost') > before);
  await more(guest, 20);
  await finish(t, guest);
  const dropped = guest.lines.filter(({ event }) => event === 'module.frames-dropped');
  assert.ok(dropped.length > 0, 'the kernel dropped nothing: nothing was tried');
});

test('the driver bridge-hid keeps the contract on a real hidraw', {
  skip: whyNoC() || whyNoGuest(),
}, async (t) => {
  const guest = await bootHid(t, 64, 5, []);
  await guest.until('the first block', BOOT_MS, () => acknowledged(guest).length > 0);
  guest.say('contract');
  await guest.until('the end of the claims', CLAIMS_MS, () => guest.count('claims.done') > 0);
  const tried = guest.lines.filter(({ event }) => event === 'claim');
  assert.equal(tried.length, claims.length);
  assert.deepEqual(
    tried.filter((claim) => 'fault' in claim),
    [],
  );
});
