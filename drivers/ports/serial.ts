/** The one importer of `serialport`: its traps are dealt with here. */
import { SerialPort } from 'serialport';
import type { ByteLink, ByteLinkEvents } from '../../src/env/byte-link.ts';
import { AgentError, messageOf } from '../../src/errors.ts';
import type { DriverContext, PortSelector } from '../driver.ts';
import { resolvePort } from './serial-list.ts';
import { noticeHangUp } from './serial-read.ts';

export type SerialOptions = {
  /** Such as `/dev/ttyUSB0`; may be a symbolic link. */
  readonly path: string;
  readonly baudRate: number;
};

/**
 * Finds the serial port of a link, and opens it. A USB device is looked for each time anew: it may have come back under
 * another name. Rejects with an AgentError when it is not there or cannot be opened.
 */
export async function openSerialPort(
  { port, baudRate }: DriverContext,
  events: ByteLinkEvents,
): Promise<ByteLink> {
  const path = await resolvePort(port);
  if (path === undefined) throw notPlugged(port);
  return openSerial({ path, baudRate }, events);
}

/**
 * Opens a serial port: raw, 8N1, no flow control, locked against another process that asks for the lock (`flock`).
 * Rejects with an AgentError when there is no such port, when it is in use, or when it isn't ours to open.
 *
 * A hang-up is noticed by reading, also one that comes right after data. A far end that is merely silent is for the user of
 * the link to notice: it asks for a sign of life. Chunks are views of memory that nobody else reads; the receiver wipes them.
 */
export async function openSerial(options: SerialOptions, events: ByteLinkEvents): Promise<ByteLink> {
  // hupcl would drop the modem lines at each close, which resets boards that wire DTR to their reset.
  const port = new SerialPort({
    path: options.path,
    baudRate: options.baudRate,
    lock: true,
    hupcl: false,
    autoOpen: false,
  });
  await new Promise<void>((resolve, reject) => {
    port.open((error) => (error ? reject(openError(options.path, error)) : resolve()));
  });
  noticeHangUp(port);
  return new SerialLink(port, events);
}

function notPlugged(port: PortSelector): AgentError {
  const usb = 'usb' in port ? port.usb : undefined;
  const which = usb === undefined ? '' : ` ${usb.vendor}:${usb.product}`;
  const serial = usb?.serial === undefined ? '' : ` with serial number ${usb.serial}`;
  return new AgentError(
    'host.port-missing',
    `no serial port of a USB device${which}${serial} is plugged in`,
    {
      fault: 'host',
      remedy: 'Plug the module in; compare the configuration with `keyferry devices`.',
    },
  );
}

function openError(path: string, cause: unknown): AgentError {
  const text = messageOf(cause);
  const remedy = /denied/i.test(text)
    ? `Give the agent's user the right to open ${path} (group dialout on Debian).`
    : /lock|busy|temporarily/i.test(text)
      ? `End the other program that has ${path} open.`
      : 'Check the cable, and the port in the configuration against `keyferry devices`.';
  return new AgentError('host.port-open', `${path} cannot be opened: ${text}`, {
    fault: 'host',
    remedy,
    cause,
  });
}

class SerialLink implements ByteLink {
  readonly #port: SerialPort;
  readonly #events: ByteLinkEvents;
  #state: 'open' | 'closing' | 'closed' = 'open';
  #reason = 'the port was unplugged or its far end went away';

  constructor(port: SerialPort, events: ByteLinkEvents) {
    this.#port = port;
    this.#events = events;
    port.on('data', (chunk: Buffer) => {
      if (this.#state === 'open' && chunk.length > 0) events.onData(chunk);
      else chunk.fill(0);
    });
    // Both may come, in any order and more than once, when a port vanishes under a blocked write.
    port.on('close', (error?: Error | null) => this.#closed(error?.message));
    port.on('error', (error: Error) => this.#failed(error.message));
  }

  get queuedBytes(): number {
    return this.#port.writableLength;
  }

  write(bytes: Uint8Array, taken?: () => void): void {
    // What is written to a port object that has closed would wait in it for ever.
    if (this.#state !== 'open' || !this.#port.isOpen) {
      taken?.();
      return;
    }
    const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#port.write(view, () => taken?.());
  }

  close(reason: string): void {
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    this.#reason = reason;
    if (!this.#port.isOpen) {
      // The port is closing by itself and its event is on the way, or it has gone already.
      if (!this.#port.closing) setImmediate(() => this.#closed());
      return;
    }
    // Unsent bytes would hold the close back for as long as the kernel hopes to send them.
    if (this.#port.writableLength > 0) this.#port.flush(() => this.#closePort());
    else this.#closePort();
  }

  #failed(message: string): void {
    if (this.#state === 'open') this.close(`${this.#reason} (${message})`);
    else if (!this.#port.isOpen && !this.#port.closing) this.#closed();
  }

  #closePort(): void {
    if (this.#port.isOpen) this.#port.close(() => this.#closed());
    else if (!this.#port.closing) this.#closed();
  }

  #closed(detail?: string): void {
    if (this.#state === 'closed') return;
    const reason =
      this.#state === 'open' && detail !== undefined ? `${this.#reason} (${detail})` : this.#reason;
    this.#state = 'closed';
    this.#port.destroy();
    this.#events.onClosed(reason);
  }
}

/** Bytes a second that a line of this speed carries: a start bit, eight data bits and a stop bit make ten. */
export function lineBytesPerSecond(baudRate: number): number {
  return Math.max(1, Math.floor(baudRate / 10));
}
