import { existsSync, readdirSync, statfsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { auditDirectory } from '../config/audit-rules.ts';
import { capacityOf } from '../config/capacity.ts';
import type { Config } from '../config/schema.ts';

/** Whether all that the node may store finds room, a line each for a person. Who may not look at the data directory is told nothing. */
export function diskLines(config: Config): string[] {
  try {
    return linesOf(config);
  } catch (thrown) {
    if (['EACCES', 'ENOTDIR'].includes((thrown as NodeJS.ErrnoException).code ?? '')) return [];
    throw thrown;
  }
}

function linesOf(config: Config): string[] {
  const { pools, storeBytes } = capacityOf(config);
  const { data_directory: directory, audit } = config;
  const kept = pools === 1 ? 'one pool' : `${pools} pools`;
  const trail = auditDirectory(config);
  const within = trail.startsWith(join(directory, '/')) ? audit.max_bytes : 0;
  const needed = storeBytes + within;
  const there = bytesIn(directory);
  const free = freeAt(directory);
  const line = `disk: ${directory} may take ${megabytes(needed)}, with ${kept} full${within > 0 ? ' and the audit trail' : ''}; there are ${megabytes(there)}, and ${megabytes(free)} are free`;
  if (there + free >= needed) return [line];
  return [
    line,
    `WARNING: the disk of ${directory} is too small by ${megabytes(needed - there - free)}: lower max_keys of pools, or audit.max_bytes`,
  ];
}

function bytesIn(directory: string): number {
  if (!existsSync(directory)) return 0;
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((name) => statSync(join(directory, name), { throwIfNoEntry: false }))
    .reduce((sum, stat) => sum + (stat?.isFile() ? stat.size : 0), 0);
}

/** @param path that need not be there yet */
function freeAt(path: string): number {
  const nearest = existsSync(path) || path === dirname(path) ? path : undefined;
  if (nearest === undefined) return freeAt(dirname(path));
  const { bavail, bsize } = statfsSync(nearest);
  return bavail * bsize;
}

function megabytes(bytes: number): string {
  return bytes >= 1e10 ? `${Math.round(bytes / 1e9)} GB` : `${Math.ceil(bytes / 1e6)} MB`;
}
