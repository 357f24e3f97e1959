/** Serial ports as the kernel describes them in sysfs; needs neither udev nor a helper program. */
import { readdir, readFile, realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { limits } from '../../src/limits.ts';
import type { PortSelector } from '../driver.ts';

export type SerialPortEntry = {
  /** Such as `/dev/ttyUSB0`. */
  readonly path: string;
  /** The kernel's driver, such as `ftdi_sio`. */
  readonly kernelDriver?: string;
  /** What follows is there for USB devices: four hexadecimal digits in lower case. */
  readonly vendor?: string;
  readonly product?: string;
  readonly serial?: string;
  readonly manufacturer?: string;
  readonly productName?: string;
};

const USB_DEPTH_MAX = 8;

/**
 * All serial ports that have a device behind them, in natural order of their names.
 * @param sysRoot where sysfs is mounted
 */
export async function listSerialPorts(sysRoot = '/sys'): Promise<SerialPortEntry[]> {
  const folder = join(sysRoot, 'class', 'tty');
  const names = await readdir(folder).catch(() => [] as string[]);
  const entries: SerialPortEntry[] = [];
  for (const name of names.sort(natural)) {
    const entry = await describe(folder, name);
    if (entry !== undefined && entries.length < limits.serialPortsMax) entries.push(entry);
  }
  return entries;
}

/** The path of the port that `selector` means; undefined when no such USB device is plugged in. */
export async function resolvePort(selector: PortSelector, sysRoot = '/sys'): Promise<string | undefined> {
  if ('path' in selector) return selector.path;
  if (!('usb' in selector)) return undefined;
  const { vendor, product, serial } = selector.usb;
  for (const entry of await listSerialPorts(sysRoot)) {
    if (entry.vendor !== vendor.toLowerCase() || entry.product !== product.toLowerCase()) continue;
    if (serial === undefined || serial === entry.serial) return entry.path;
  }
  return undefined;
}

async function describe(folder: string, name: string): Promise<SerialPortEntry | undefined> {
  // Consoles and pseudo-terminals have no device; a serial8250 slot with type 0 has no hardware.
  const device = await realpath(join(folder, name, 'device')).catch(() => undefined);
  if (device === undefined) return undefined;
  if ((await attribute(join(folder, name), 'type')) === '0') return undefined;
  const driver = await realpath(join(device, 'driver')).catch(() => undefined);
  return {
    path: `/dev/${name}`,
    ...(driver !== undefined && { kernelDriver: basename(driver) }),
    ...(await usbIdentity(device)),
  };
}

/** The USB device that the tty belongs to is some levels above it: port, interface, device. */
async function usbIdentity(device: string): Promise<Partial<SerialPortEntry>> {
  let folder = device;
  for (
    let depth = 0;
    depth < USB_DEPTH_MAX && folder !== dirname(folder);
    depth++, folder = dirname(folder)
  ) {
    const vendor = await attribute(folder, 'idVendor');
    const product = await attribute(folder, 'idProduct');
    if (vendor === undefined || product === undefined) continue;
    const serial = await attribute(folder, 'serial');
    const manufacturer = await attribute(folder, 'manufacturer');
    const productName = await attribute(folder, 'product');
    return {
      vendor: vendor.toLowerCase(),
      product: product.toLowerCase(),
      ...(serial !== undefined && { serial }),
      ...(manufacturer !== undefined && { manufacturer }),
      ...(productName !== undefined && { productName }),
    };
  }
  return {};
}

async function attribute(folder: string, name: string): Promise<string | undefined> {
  const text = await readFile(join(folder, name), 'utf8').catch(() => undefined);
  return text?.trim() || undefined;
}

function natural(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}
