/** Reports of a HID device as a link. The one place that opens node-hid: its traps are dealt with here. */
import { readFile, realpath } from 'node:fs/promises';
import { basename } from 'node:path';
import type { HidShape } from '../../firmware-bridge/hid-framing.ts';
import type { ByteLink, ByteLinkEvents } from '../../src/env/byte-link.ts';
import { AgentError, messageOf } from '../../src/errors.ts';
import { limits } from '../../src/limits.ts';
import type { PortSelector } from '../driver.ts';
import { readReports } from './hid-descriptor.ts';
import { type HidEntry, listHidDevices, nodeHid } from './hid-list.ts';

/** What is used of a node-hid device. */
export type HidDevice = {
  on(event: 'data', listener: (report: Buffer) => void): unknown;
  /** What is told of an unplugged device is a string. */
  on(event: 'error', listener: (error: unknown) => void): unknown;
  write(report: Buffer): Promise<number>;
  close(): Promise<void>;
};

/** node-hid and what the kernel tells, as far as they are used. */
export type HidWorld = {
  list(): Promise<readonly HidEntry[]>;
  open(path: string): Promise<HidDevice>;
  /** The report descriptor of the device at `path`. */
  describe(path: string): Promise<Uint8Array>;
};

const VENDOR_PAGES = 0xff00;

/** The devices of this machine. */
export const realHidWorld: HidWorld = {
  list: listHidDevices,
  // Loads the addon only now: a node without HID modules may lack what it needs.
  open: async (path) => (await nodeHid()).HIDAsync.open(path),
  describe: (path) => readFile(`/sys/class/hidraw/${basename(path)}/device/report_descriptor`),
};

export type OpenedHid = { readonly link: ByteLink; readonly shape: HidShape };

/**
 * Finds the HID device that `port` means, each time anew, and opens it. On this link a chunk is one report of the `shape` that the
 * device's descriptor says: the report ID comes first where it has one, and is absent both ways where it has none. Rejects with
 * an AgentError when the device is not there, has no reports for the bridge, or cannot be opened.
 *
 * The kernel keeps few reports for a slow reader and drops the rest without a word: whoever sends numbers them, and the protocol
 * above grants no more than the kernel keeps.
 */
export async function openHid(
  port: PortSelector,
  events: ByteLinkEvents,
  world: HidWorld,
): Promise<OpenedHid> {
  const path = await findHid(port, world);
  if (path === undefined)
    throw new AgentError('host.port-missing', 'no HID device that the port names is plugged in', {
      fault: 'host',
      remedy: 'Plug the module in; compare the configuration with `keyferry devices`.',
    });
  const shape = await shapeOf(path, world);
  try {
    const device = await world.open(path);
    return { link: new HidLink(device, shape.reportId !== undefined, events), shape };
  } catch (cause) {
    if (cause instanceof AgentError) throw cause;
    throw new AgentError('host.port-open', `${path} cannot be opened: ${messageOf(cause)}`, {
      fault: 'host',
      remedy: `Give the agent's user the right to open ${path}, by a rule as in build/udev, and end what has it open.`,
      cause,
    });
  }
}

/** The path of the device; of one with several interfaces, the first of the vendor's own kind. */
async function findHid(port: PortSelector, world: HidWorld): Promise<string | undefined> {
  if ('path' in port) return realpath(port.path).catch(() => undefined);
  if (!('usb' in port)) return undefined;
  const { vendor, product, serial } = port.usb;
  const fitting = (await world.list()).filter(
    (entry) =>
      entry.vendor === vendor &&
      entry.product === product &&
      (serial === undefined || serial === entry.serial),
  );
  return (fitting.find(({ usagePage }) => (usagePage ?? 0) >= VENDOR_PAGES) ?? fitting[0])?.path;
}

/** The first report that the device both takes and gives, in one size that the bridge can use. */
async function shapeOf(path: string, world: HidWorld): Promise<HidShape> {
  let descriptor: Uint8Array;
  try {
    descriptor = await world.describe(path);
  } catch (cause) {
    throw new AgentError('host.hid-descriptor', `${path} cannot be looked at: ${messageOf(cause)}`, {
      fault: 'host',
      remedy:
        'Check that it is the device of a HID module (/dev/hidraw0 or the like), and that /sys is mounted.',
      cause,
    });
  }
  for (const { id, inputBits, outputBits } of readReports(descriptor)) {
    const reportBytes = inputBits / 8 + (id === 0 ? 0 : 1);
    const fits = reportBytes >= limits.hidReportBytesMin && reportBytes <= limits.hidReportBytesMax;
    if (inputBits !== outputBits || !Number.isInteger(reportBytes) || !fits || id > 255) continue;
    return { reportBytes, reportId: id === 0 ? undefined : id };
  }
  throw new AgentError(
    'module.hid-reports',
    `${path} has no reports of one size, in and out, for the bridge`,
    {
      fault: 'module',
      remedy:
        'Check that it is the QKD module. Its firmware has to follow firmware-bridge/README.md, "Framing on USB HID".',
    },
  );
}

class HidLink implements ByteLink {
  readonly #device: HidDevice;
  readonly #numbered: boolean;
  readonly #events: ByteLinkEvents;
  #state: 'open' | 'closing' | 'closed' = 'open';
  /** Reports go one after the other: node-hid does not promise their order otherwise. */
  #writing: Promise<void> = Promise.resolve();
  queuedBytes = 0;

  constructor(device: HidDevice, numbered: boolean, events: ByteLinkEvents) {
    this.#device = device;
    this.#numbered = numbered;
    this.#events = events;
    // One listener, for good: a second one throws where nobody can catch it, and reading stops when the last one goes.
    device.on('data', (report) => {
      if (this.#state === 'open' && report.length > 0) events.onData(report);
      else report.fill(0);
    });
    device.on('error', (error) => this.close(`the device was unplugged or failed (${messageOf(error)})`));
  }

  write(report: Uint8Array, taken?: () => void): void {
    this.queuedBytes += report.length;
    this.#writing = this.#writing
      .then(() => this.#send(report))
      .finally(() => {
        this.queuedBytes -= report.length;
        taken?.();
      });
  }

  close(reason: string): void {
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    this.#device
      .close()
      // It has gone by itself.
      .catch(() => {})
      .finally(() => {
        this.#state = 'closed';
        this.#events.onClosed(reason);
      });
  }

  async #send(report: Uint8Array): Promise<void> {
    if (this.#state !== 'open') return;
    // hidraw wants a report ID in front; 0 stands for none and is not sent.
    const bytes = this.#numbered ? Buffer.from(report) : Buffer.concat([Buffer.of(0), report]);
    try {
      await this.#device.write(bytes);
    } catch (thrown) {
      this.close(`the device took no report (${messageOf(thrown)})`);
    } finally {
      bytes.fill(0);
    }
  }
}
