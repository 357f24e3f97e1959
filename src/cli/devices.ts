import type { Command } from 'commander';
import type { PortKind } from '../../drivers/driver.ts';
import { type HidEntry, listHidDevices } from '../../drivers/ports/hid-list.ts';
import { type DeviceUser, usersOf } from '../../drivers/ports/in-use.ts';
import { listSerialPorts, type SerialPortEntry } from '../../drivers/ports/serial-list.ts';
import { driversFor } from '../../drivers/registry.ts';
import { AgentError } from '../errors.ts';

export type Device = {
  readonly kind: PortKind;
  readonly path: string;
  readonly vendor?: string;
  readonly product?: string;
  readonly serial?: string;
  readonly manufacturer?: string;
  readonly product_name?: string;
  /** IDs of the drivers that could use it. */
  readonly drivers: readonly string[];
  /** The process that has it open, as far as we may see; null when none is seen. */
  readonly in_use: DeviceUser | null;
};

export type DeviceReport = { readonly devices: readonly Device[]; readonly notes: readonly string[] };

/** `keyferry devices`: what a `port` in the configuration can be. */
export function register(program: Command): void {
  program
    .command('devices')
    .summary('list serial ports and HID devices')
    .description(
      [
        'Lists the serial ports and HID devices of this machine with what a configuration names them by: the path, or',
        'the USB vendor ID, product ID and serial number; the drivers that could use them; and which process has them',
        'open, as far as this user may see. Opens none of them.',
      ].join(' '),
    )
    .option('--json', 'print one JSON object: devices, notes')
    .addHelpText('after', '\nExit code: 0, also when there is none; 2 wrong usage.')
    .action(async (options: { json?: boolean }) => {
      const report = await listDevices();
      process.stdout.write(
        options.json === true ? `${JSON.stringify(report, null, 2)}\n` : deviceTable(report),
      );
    });
}

/** A kind of device that cannot be listed is a note, not a failure. */
export async function listDevices(): Promise<DeviceReport> {
  const found: { kind: PortKind; entry: SerialPortEntry | HidEntry }[] = [];
  const notes: string[] = [];
  for (const entry of await listSerialPorts()) found.push({ kind: 'serial', entry });
  try {
    for (const entry of await listHidDevices()) found.push({ kind: 'hid', entry });
  } catch (thrown) {
    if (!(thrown instanceof AgentError)) throw thrown;
    notes.push(`${thrown.message}. ${thrown.remedy}`);
  }
  const users = await usersOf(found.map(({ entry }) => entry.path));
  const devices = found.map(({ kind, entry }) => device(kind, entry, users.get(entry.path) ?? null));
  return { devices, notes };
}

function device(kind: PortKind, entry: SerialPortEntry | HidEntry, user: DeviceUser | null): Device {
  const { path, vendor, product, serial, manufacturer, productName } = entry;
  return {
    kind,
    path,
    ...(vendor !== undefined && { vendor }),
    ...(product !== undefined && { product }),
    ...(serial !== undefined && { serial }),
    ...(manufacturer !== undefined && { manufacturer }),
    ...(productName !== undefined && { product_name: productName }),
    drivers: driversFor(kind, entry),
    in_use: user,
  };
}

const HEADINGS = ['PATH', 'KIND', 'VENDOR', 'PRODUCT', 'SERIAL', 'NAME', 'DRIVER', 'IN USE BY'];

export function deviceTable({ devices, notes }: DeviceReport): string {
  const rows = devices.map((d) => [
    d.path,
    d.kind,
    d.vendor ?? '',
    d.product ?? '',
    d.serial ?? '',
    [d.manufacturer, d.product_name].filter((text) => text !== undefined).join(' '),
    d.drivers.join(', '),
    d.in_use === null ? '' : `${d.in_use.program} (${d.in_use.pid})`,
  ]);
  const table = [HEADINGS, ...rows].map((row) => row.map((cell) => printable(cell) || '-'));
  const widths = HEADINGS.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  const lines = table.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
  const none = devices.length === 0 ? ['No serial port and no HID device.'] : lines;
  return `${[...none, ...notes].join('\n')}\n`;
}

/** A device says its own names: it must not move the operator's cursor. */
function printable(text: string): string {
  return text.replace(/\p{C}/gu, '?');
}
