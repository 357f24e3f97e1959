import type * as fs from 'node:fs';
import type { DatabaseSync, DatabaseSyncOptions } from 'node:sqlite';

/**
 * The disk as the agent sees it: calls of `node:fs` under their own names, and databases. Handed in, so that a simulation can stand in
 * for it, and lose what was not synced.
 */
export type Disk = Pick<
  typeof fs,
  | 'appendFileSync'
  | 'chmodSync'
  | 'closeSync'
  | 'constants'
  | 'existsSync'
  | 'fdatasync'
  | 'fdatasyncSync'
  | 'fstatSync'
  | 'fsyncSync'
  | 'ftruncate'
  | 'ftruncateSync'
  | 'linkSync'
  | 'mkdirSync'
  | 'openSync'
  | 'readdirSync'
  | 'readFileSync'
  | 'readSync'
  | 'renameSync'
  | 'rmSync'
  | 'statSync'
  | 'write'
  | 'writeFileSync'
  | 'writeSync'
> & {
  /** Opens a SQLite database. */
  database(path: string, options?: DatabaseSyncOptions): DatabaseSync;
};
