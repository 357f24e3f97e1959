import { readdirSync, type Stats, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { messageOf } from '../../errors.ts';
import type { Findings } from './findings.ts';

/** Modes and owners of the data directory and of all in it: the same user's, and nobody else's to read. */
export function checkFiles(path: string, findings: Findings): void {
  const folder = dirname(path);
  const { uid } = statSync(folder);
  for (const name of ['', ...readdirSync(folder)]) {
    const file = join(folder, name);
    findings.count();
    try {
      judge(file, statSync(file), uid, findings);
    } catch (thrown) {
      findings.damaged(`${file} cannot be looked at: ${messageOf(thrown)}`);
    }
  }
}

function judge(file: string, { mode, uid }: Stats, owner: number, findings: Findings): void {
  if ((mode & 0o077) !== 0)
    findings.add({
      code: 'host.store_open_to_others',
      message: `${file} is open to others than its owner (mode ${(mode & 0o777).toString(8)})`,
      remedy: `Run: chmod go= ${file}`,
    });
  if (uid !== owner)
    findings.add({
      code: 'host.store_other_owner',
      message: `${file} belongs to user ${uid}, the data directory to user ${owner}`,
      remedy: `Give it to the user that runs the agent: chown ${owner} ${file}`,
    });
}
