/** Who has a file open, from /proc: that shows also when the file is gone. */
import { readdirSync, readlinkSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

const PROC = '/proc';

/** The processes, but this one, that have a file open by this path, or had it open when it was removed. Those of other users show only to root. */
export function holdersOf(path: string): number[] {
  const [folder = dirname(path)] = orNone(() => [realpathSync(dirname(path))]);
  const wanted = join(folder, basename(path));
  const pids = orNone(() => readdirSync(PROC)).filter((name) => /^\d+$/.test(name));
  return pids
    .map(Number)
    .filter((pid) => pid !== process.pid && filesOf(join(PROC, `${pid}`, 'fd')).includes(wanted));
}

function filesOf(folder: string): string[] {
  return orNone(() => readdirSync(folder)).map((name) =>
    orNone(() => [readlinkSync(join(folder, name)).replace(/ \(deleted\)$/, '')]).join(''),
  );
}

// Processes come and go, and some are not ours to look into.
function orNone(read: () => string[]): string[] {
  try {
    return read();
  } catch {
    return [];
  }
}
