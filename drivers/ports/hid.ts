/** Reports of a HID device as a link. The one place that opens node-hid: its traps are dealt with here. */
import { realpath } from 'node:fs/promises';
import type { ByteLink, ByteLinkEvents } from '../../src/env/byte-link.ts';
import { AgentError, messageOf } from '../../src/errors.ts';
import type { PortSelector } from '../driver.ts';
import { type HidEntry, listHidDevices } from './hid-list.ts';

/** What is used of a node-hid device. */
export type HidDevice = {
  on(event: 'data', listener: (report: Buffer) => void): unknown;
  /** What is told of an unplugged device is a string. */
  on(event: 'error', listener: (error: unknown) => void): unknown;
  write(report: Buffer): Promise<number>;
  close(): Promise<void>;
};

/** node-hid, as far as it is used. */
export type HidWorld = {
  list(): Promise<readonly HidEntry[]>;
  open(path: string): Promise<HidDevice>;
};

const VENDOR_PAGES = 0xff00;

const realWorld: HidWorld = {
  list: listHidDevices,
  // Loads the addon only now: a node without HID modules may lack what it needs.
  open: async (path) => (await import('node-hid')).HIDAsync.open(path),
};

/**
 * Finds the HID device that `port` means, each time anew, and opens it. On this link a chunk is one report: the report ID comes
 * first where the device has them (`numbered`), and is absent both ways where it has none. Rejects with an AgentError when the
 * device is not there or cannot be opened.
 *
 * The kernel keeps few reports for a slow reader and drops the rest without a word: whoever sends numbers them, and the protocol
 * above grants no more than the kernel keeps.
 */
export async function openHid(
  port: PortSelector,
  numbered: boolean,
  events: ByteLinkEvents,
  world: HidWorld = realWorld,
): Promise<ByteLink> {
  const path = await findHid(port, world);
  if (path === undefined)
    throw new AgentError('host.port-missing', 'no HID device that the port names is plugged in', {
      fault: 'host',
      remedy: 'Plug the module in; compare the configuration with `keyferry devices`.',
    });
  try {
    return new HidLink(await world.open(path), numbered, events);
  } catch (cause) {
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
