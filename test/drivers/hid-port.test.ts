import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { type HidDevice, type HidWorld, openHid } from '../../drivers/ports/hid.ts';
import type { HidEntry } from '../../drivers/ports/hid-list.ts';
import { AgentError } from '../../src/errors.ts';

// There is no HID device without a kernel that has one: the surface of node-hid is stood in for here, and only it.
class StandIn extends EventEmitter implements HidDevice {
  readonly written: Buffer[] = [];
  closes = 0;
  /** Each write takes a turn of the event loop; the first ones take longest. */
  slowness = 3;
  failing = false;

  async write(report: Buffer): Promise<number> {
    const copy = Buffer.from(report);
    for (let turn = this.slowness--; turn > 0; turn--) await new Promise((resolve) => setImmediate(resolve));
    if (this.failing) throw new Error('Cannot write to hid device');
    this.written.push(copy);
    return report.length;
  }

  async close(): Promise<void> {
    this.closes += 1;
    if (this.closes > 1) throw new Error('device has been closed');
  }
}

const entry = (path: string, more: Partial<HidEntry> = {}): HidEntry => ({
  path,
  vendor: '1209',
  product: '0001',
  ...more,
});

function world(
  entries: HidEntry[],
  device = new StandIn(),
): HidWorld & { opened: string[]; device: StandIn } {
  const opened: string[] = [];
  return {
    device,
    opened,
    list: async () => entries,
    open: async (path) => {
      opened.push(path);
      return device;
    },
  };
}

async function open(numbered = false, device = new StandIn()) {
  const heard: Buffer[] = [];
  const closes: string[] = [];
  const events = {
    onData: (chunk: Buffer) => void heard.push(chunk),
    onClosed: (reason: string) => void closes.push(reason),
  };
  const usb = { vendor: '1209', product: '0001' };
  const link = await openHid({ usb }, numbered, events, world([entry('/dev/hidraw0')], device));
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
    await openHid(selector, false, events, here);
    assert.deepEqual(here.opened, [path]);
  }
  const missing = openHid({ usb: { ...usb, serial: 'SN9' } }, false, events, world(entries));
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
