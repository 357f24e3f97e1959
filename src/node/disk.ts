import * as fs from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { Disk } from '../env/disk.ts';

/** The disk of this machine. */
export const systemDisk: Disk = {
  ...fs,
  database: (path, options = {}) => new DatabaseSync(path, options),
};
