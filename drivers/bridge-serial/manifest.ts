import { limits } from '../../src/limits.ts';
import type { DriverManifest } from '../driver.ts';

export const manifest: DriverManifest = {
  id: 'bridge-serial',
  summary: 'firmware bridge over a serial port (UART, USB serial adapter, USB CDC)',
  ports: 'serial',
  authenticates: true,
  // The protocol names the module; any adapter may carry it.
  usb: [],
  limits: { blockBytesMax: limits.bridgeBlockBytesMax, blocksUnderWayMax: limits.moduleCreditPartsMax },
};
