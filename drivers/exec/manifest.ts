import { limits } from '../../src/limits.ts';
import type { DriverManifest } from '../driver.ts';

export const manifest: DriverManifest = {
  id: 'exec',
  summary: "a vendor's own program, which speaks the firmware bridge on its stdin and stdout",
  ports: 'program',
  authenticates: true,
  usb: [],
  limits: { blockBytesMax: limits.bridgeBlockBytesMax, blocksUnderWayMax: limits.moduleCreditPartsMax },
};
