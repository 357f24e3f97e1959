import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type HidWorld, openHid, realHidWorld } from '../../drivers/ports/hid.ts';
import type { HidEntry } from '../../drivers/ports/hid-list.ts';
import { AgentError } from '../../src/errors.ts';
import { HidStandIn } from './hid-stand-in.ts';
import { reportDescriptor } from './report-descriptor.ts';

const unnumbered = reportDescriptor(64);
const withId = reportDescriptor(63, 5);

const entry = (path: string, more: Partial<HidEntry> = {}): HidEntry => ({
  path,
  vendor: '1209',
  product: '0001',
  ...more,
});

function world(
  entries: HidEntry[],
  device = new HidStandIn(),
): HidWorld & { opened: string[]; device: HidStandIn } {
  const opened: string[] = [];
  return {
    device,
    opened,
    list: async () => entries,
    open: async (path) => {
      opened.push(path);
      return device;
    },
    describe: async () => unnumbered,
  };
}

async function open(numbered = false, device = new HidStandIn()) {
  const heard: Buffer[] = [];
  const closes: string[] = [];
  const events = {
    onData: (chunk: Buffer) => void heard.push(chunk),
    onClosed: (reason: string) => void closes.push(reason),
  };
  const usb = { vendor: '1209', product: '0001' };
  const here = {
    ...world([entry('/dev/hidraw0')], device),
    describe: async () => (numbered ? withId : unnumbered),
  };
  const { link } = await openHid({ usb }, events, here);
  return { link, device, heard, closes };
}

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 30));

test("a device is found by its identity, the interface of the vendor's own kind first, and by serial number", async () => {
  const entries = [
    entry('/dev/hidraw0', { vendor: '046d' }),
    entry('/dev/hidraw1', { usagePage: 1 }),
    entry('/dev/hidraw2', { usagePage: 0xff00 }),
    entry('/dev/hidraw3', { usagePage: 0xff00, serial: 'SN3' }),
  ];
  const events = { onData: () => {}, onClosed: () => {} };
  const usb = { vendor: '1209', product: '0001' };
  for (const [selector, path] of [
    [{ usb }, '/dev/hidraw2'],
    [{ usb: { ...usb, serial: 'SN3' } }, '/dev/hidraw3'],
  ] as const) {
    const here = world(entries);
    await openHid(selector, events, here);
    assert.deepEqual(here.opened, [path]);
  }
  const missing = openHid({ usb: { ...usb, serial: 'SN9' } }, events, world(entries));
  await assert.rejects(missing, (error) => error instanceof AgentError && error.code === 'host.port-missing');
});

test('reports go out in order, one after the other, with a report ID of 0 where the device has none', async () => {
  for (const numbered of [false, true]) {
    const { link, device } = await open(numbered);
    let taken = 0;
    for (let i = 1; i <= 5; i++) link.write(Buffer.of(i, 9), () => (taken += 1));
    assert.equal(link.queuedBytes, 10);
    await settled();
    const expected = [1, 2, 3, 4, 5].map((i) => (numbered ? [i, 9] : [0, i, 9]));
    assert.deepEqual(
      device.written.map((report) => [...report]),
      expected,
    );
    assert.equal(taken, 5);
    assert.equal(link.queuedBytes, 0);
  }
});

test('a device has exactly one listener for reports, as long as the link is open', async () => {
  const { link, device, heard } = await open();
  for (let i = 0; i < 5; i++) device.emit('data', Buffer.of(i));
  link.write(Buffer.of(1));
  assert.equal(device.listenerCount('data'), 1);
  assert.equal(heard.length, 5);
});

test('an unplugged device, which says so by a string, closes the link once; nothing comes after', async () => {
  const { link, device, heard, closes } = await open();
  device.emit('error', 'could not read from HID device');
  device.emit('error', 'could not read from HID device');
  link.close('again');
  const late = Buffer.of(7);
  device.emit('data', late);
  let taken = false;
  link.write(Buffer.of(1), () => (taken = true));
  await settled();
  assert.deepEqual(closes, ['the device was unplugged or failed (could not read from HID device)']);
  assert.deepEqual([heard.length, late[0], taken, device.written.length, device.closes], [0, 0, true, 0, 1]);
});

test('a report that the device does not take closes the link, and those behind it are given back', async () => {
  const { link, device, closes } = await open();
  device.failing = true;
  let taken = 0;
  for (let i = 0; i < 3; i++) link.write(Buffer.of(i), () => (taken += 1));
  await settled();
  assert.equal(taken, 3);
  assert.equal(closes.length, 1);
});

test('the shape of the reports is read from the descriptor: the first report that goes both ways and fits', async () => {
  const events = { onData: () => {}, onClosed: () => {} };
  const shapeOf = async (described: Buffer) => {
    const here = { ...world([entry('/dev/hidraw0')]), describe: async () => described };
    return (await openHid({ usb: { vendor: '1209', product: '0001' } }, events, here)).shape;
  };
  const keyboard = Buffer.from(
    '05010906a1018501050719e029e71500250175019508810295017508810195057501050819012905910295017503910195067508150025650507190029658100c0',
    'hex',
  );
  const pushed = Buffer.concat([Buffer.from('a4750195ff85098102b4', 'hex'), reportDescriptor(1024)]);
  for (const [described, expected] of [
    [reportDescriptor(64), { reportBytes: 64, reportId: undefined }],
    [reportDescriptor(63, 5), { reportBytes: 64, reportId: 5 }],
    [reportDescriptor(1023, 255), { reportBytes: 1024, reportId: 255 }],
    [Buffer.concat([keyboard, reportDescriptor(63, 2)]), { reportBytes: 64, reportId: 2 }],
    [pushed, { reportBytes: 1024, reportId: undefined }],
    [
      Buffer.concat([Buffer.of(0xfe, 2, 0x10, 0x75, 0x08), reportDescriptor(64)]),
      { reportBytes: 64, reportId: undefined },
    ],
  ] as const) {
    assert.deepEqual(await shapeOf(described), expected);
  }
  const oneWay = Buffer.from('0600ff0901a101150026ff00750896400009018102c0', 'hex');
  const cut = reportDescriptor(64).subarray(0, 14);
  for (const described of [
    Buffer.alloc(0),
    keyboard,
    oneWay,
    cut,
    reportDescriptor(63),
    reportDescriptor(1024, 1),
    reportDescriptor(0),
  ])
    await assert.rejects(
      shapeOf(described),
      (error) => error instanceof AgentError && error.code === 'module.hid-reports',
    );
});

test('a path that is no HID device is said to be none', async () => {
  const events = { onData: () => {}, onClosed: () => {} };
  const opening = openHid({ path: '/dev/null' }, events, realHidWorld);
  await assert.rejects(
    opening,
    (error) => error instanceof AgentError && error.code === 'host.hid-descriptor',
  );
});
