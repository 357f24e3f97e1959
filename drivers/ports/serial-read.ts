import { read as readFile } from 'node:fs';
import { promisify } from 'node:util';
import type { SerialPort } from 'serialport';

type Binding = NonNullable<SerialPort['port']>;
/** The part of serialport's Linux binding that its own type leaves out. */
type Readable = Binding & {
  readonly fd: number | null;
  readonly poller: { once(event: 'readable', told: (error?: Error | null) => void): unknown };
};

const read = promisify(readFile);

/** How often in a row the kernel may call a port readable and then have nothing. */
const EMPTY_MAX = 64;

/**
 * Replaces how an open port is read. serialport takes a read of no bytes for "nothing yet" and reads on, at full speed, for
 * ever: but a port that is read without waiting says so by an error (EAGAIN), and no bytes mean that it was hung up. It
 * comes so when the hang-up follows right after data.
 */
export function noticeHangUp(port: SerialPort): void {
  const binding = port.port as Readable;
  binding.read = (buffer, offset, length) => readOnce(binding, buffer, offset, length);
}

async function readOnce(
  binding: Readable,
  buffer: Buffer,
  offset: number,
  length: number,
): Promise<{ buffer: Buffer; bytesRead: number }> {
  for (let empty = 0; empty < EMPTY_MAX; ) {
    if (binding.fd === null) throw closed();
    try {
      const { bytesRead } = await read(binding.fd, buffer, offset, length, null);
      if (bytesRead > 0) return { buffer, bytesRead };
      break;
    } catch (thrown) {
      const { code } = thrown as NodeJS.ErrnoException;
      if (code !== 'EAGAIN' && code !== 'EINTR') throw thrown;
      // It may have been closed while this was read; its poller is freed memory then.
      if (binding.fd === null) throw closed();
      if (code === 'EAGAIN') {
        await readable(binding);
        empty += 1;
      }
    }
  }
  throw Object.assign(new Error('it was hung up'), { disconnect: true });
}

function closed(): Error {
  return Object.assign(new Error('the port is closed'), { canceled: true });
}

function readable(binding: Readable): Promise<void> {
  return new Promise((resolve, reject) => {
    binding.poller.once('readable', (error) => (error ? reject(error) : resolve()));
  });
}
