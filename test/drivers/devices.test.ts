import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { usersOf } from '../../drivers/ports/in-use.ts';
import { listSerialPorts, resolvePort } from '../../drivers/ports/serial-list.ts';
import { driverById, driversFor, registry } from '../../drivers/registry.ts';
import { deviceTable, listDevices } from '../../src/cli/devices.ts';
import { openPseudoTerminal } from '../../src/simulator/pseudo-terminal.ts';

let sys: string;

async function files(folder: string, attributes: Record<string, string>): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, text] of Object.entries(attributes)) await writeFile(join(folder, name), `${text}\n`);
}

/** As the kernel lays it out: the class folder links to the tty, whose `device` links to the USB port or interface. */
async function usbTty(name: string, usb: string, identity: Record<string, string>): Promise<void> {
  const device = join(sys, 'devices/pci/usb1', usb);
  const port = join(device, `${usb}:1.0`, name);
  await files(device, identity);
  await mkdir(join(port, 'tty', name), { recursive: true });
  await mkdir(join(sys, 'bus/drivers/ftdi_sio'), { recursive: true });
  await symlink(join(sys, 'bus/drivers/ftdi_sio'), join(port, 'driver'));
  await symlink(port, join(port, 'tty', name, 'device'));
  await symlink(join(port, 'tty', name), join(sys, 'class/tty', name));
}

before(async () => {
  sys = await mkdtemp(join(tmpdir(), 'keyferry-sys-'));
  await mkdir(join(sys, 'class/tty/tty0'), { recursive: true });
  const platform = join(sys, 'devices/platform/serial8250');
  await files(platform, {});
  for (const [name, type] of [
    ['ttyS0', '4'],
    ['ttyS1', '0'],
  ] as const) {
    await files(join(sys, 'class/tty', name), { type });
    await symlink(platform, join(sys, 'class/tty', name, 'device'));
  }
  const ftdi = { idVendor: '0403', idProduct: '6001', manufacturer: 'FTDI', product: 'QKD Rx' };
  await usbTty('ttyUSB10', '1-10', { ...ftdi, serial: 'SN10' });
  await usbTty('ttyUSB2', '1-2', { ...ftdi, serial: 'SN2' });
  await usbTty('ttyACM0', '1-3', { idVendor: '1DDC', idProduct: '0203' });
});

after(() => rm(sys, { recursive: true, force: true }));

test('serial ports with a device behind them are listed in natural order with their USB identity', async () => {
  const ports = await listSerialPorts(sys);
  assert.deepEqual(
    ports.map(({ path }) => path),
    ['/dev/ttyACM0', '/dev/ttyS0', '/dev/ttyUSB2', '/dev/ttyUSB10'],
  );
  assert.deepEqual(ports[2], {
    path: '/dev/ttyUSB2',
    kernelDriver: 'ftdi_sio',
    vendor: '0403',
    product: '6001',
    serial: 'SN2',
    manufacturer: 'FTDI',
    productName: 'QKD Rx',
  });
  assert.deepEqual(ports[1], { path: '/dev/ttyS0' });
});

test('a selector finds the port by path, by USB identity, or not at all', async () => {
  const usb = { vendor: '0403', product: '6001' };
  assert.equal(await resolvePort({ path: '/dev/x' }, sys), '/dev/x');
  assert.equal(await resolvePort({ usb }, sys), '/dev/ttyUSB2');
  assert.equal(await resolvePort({ usb: { ...usb, serial: 'SN10' } }, sys), '/dev/ttyUSB10');
  assert.equal(await resolvePort({ usb: { vendor: '1ddc', product: '0203' } }, sys), '/dev/ttyACM0');
  assert.equal(await resolvePort({ usb: { ...usb, serial: 'SN3' } }, sys), undefined);
});

test('a machine without sysfs has no serial ports', async () => {
  assert.deepEqual(await listSerialPorts(join(sys, 'nowhere')), []);
});

test('every driver is found by its ID, and drivers by kind of port', () => {
  for (const { driver } of registry) assert.equal(driverById(driver.id), driver);
  assert.equal(new Set(registry.map(({ driver }) => driver.id)).size, registry.length);
  assert.equal(driverById('nothing'), undefined);
  assert(driversFor('serial').includes('bridge-serial'));
});

test('the devices command lists this machine, or says what could not be listed', async () => {
  const report = await listDevices();
  assert(report.devices.some(({ kind }) => kind === 'hid') || report.notes.length <= 1);
  for (const device of report.devices) assert.deepEqual(device.drivers, driversFor(device.kind, device));
});

test('a terminal shows as in use by the process that has it open, also by its symbolic link', async (t) => {
  const terminal = await openPseudoTerminal({ onData: () => {}, onLost: () => {} });
  t.after(() => terminal.close());
  const link = join(sys, 'module');
  await symlink(terminal.path, link);
  const user = (await usersOf([link])).get(link);
  assert.match(user?.program ?? 'nobody', /^(script|tail)$/);
  assert.deepEqual(await usersOf(['/dev/null/nothing', join(sys, 'class')]), new Map());
  await terminal.close();
  // Its name may be that of a terminal which somebody else has opened since.
  assert.notEqual((await usersOf([link])).get(link)?.pid, user!.pid);
});

test('the table shows what a device says of itself without its control characters', () => {
  const table = deviceTable({
    devices: [
      {
        kind: 'serial',
        path: '/dev/ttyUSB0',
        vendor: '0403',
        product_name: 'a\u001b[2Jb',
        drivers: ['bridge-serial'],
        in_use: { pid: 12, program: 'node' },
      },
    ],
    notes: ['a note'],
  });
  assert.deepEqual(table.split('\n'), [
    'PATH          KIND    VENDOR  PRODUCT  SERIAL  NAME    DRIVER         IN USE BY',
    '/dev/ttyUSB0  serial  0403    -        -       a?[2Jb  bridge-serial  node (12)',
    'a note',
    '',
  ]);
  assert.equal(deviceTable({ devices: [], notes: [] }), 'No serial port and no HID device.\n');
});
