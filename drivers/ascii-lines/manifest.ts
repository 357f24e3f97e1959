import type { DriverManifest } from '../driver.ts';

export const manifest: DriverManifest = {
  id: 'ascii-lines',
  summary: 'text protocol over a serial port: lines of ASCII, key in hexadecimal, numbered by run and index',
  ports: 'serial',
  usb: [],
  limits: { blockBytesMax: 4_096, blocksUnderWayMax: 8 },
};
