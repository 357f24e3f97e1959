import { limits } from '../../src/limits.ts';
import type { DriverManifest } from '../driver.ts';

export const manifest: DriverManifest = {
  id: 'bridge-hid',
  summary: 'firmware bridge over numbered reports of a USB HID device',
  ports: 'hid',
  authenticates: true,
  // The protocol names the module; any vendor's device may carry it.
  usb: [],
  limits: { blockBytesMax: limits.bridgeBlockBytesMax, blocksUnderWayMax: limits.moduleCreditPartsMax },
};
