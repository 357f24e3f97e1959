import { limits } from '../../src/limits.ts';
import type { DriverManifest } from '../driver.ts';

export const manifest: DriverManifest = {
  id: 'key-file',
  summary: 'key files that another program drops into a folder',
  ports: 'folder',
  usb: [],
  limits: { blockBytesMax: limits.keyFileBytesMax, blocksUnderWayMax: limits.keyFilesUnderWayMax },
};
