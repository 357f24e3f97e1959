import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '../../config/load.ts';
import { AgentError } from '../../errors.ts';
import { systemClock } from '../../node/clock.ts';
import { systemDisk } from '../../node/disk.ts';
import { checkStore, type StoreReport } from '../../store/check/check.ts';
import { nodeKeyToLook } from '../node-key-to-look.ts';
import { table } from '../table.ts';

export type StoreCheckOptions = { readonly config: string; readonly key: boolean; readonly json?: boolean };

const UNSEEN = 3;

/** @returns the exit code */
export function runStoreCheck(options: StoreCheckOptions): number {
  try {
    const report = check(options);
    process.stdout.write(
      options.json === true ? `${JSON.stringify(report, null, 2)}\n` : `${reportText(report)}\n`,
    );
    return report.faults_total === 0 ? 0 : 1;
  } catch (thrown) {
    if (!(thrown instanceof AgentError)) throw thrown;
    if (options.json === true) process.stdout.write(`${JSON.stringify({ error: thrown }, null, 2)}\n`);
    process.stderr.write(`keyferry: ${thrown.message}\n  ${thrown.remedy} [${thrown.code}]\n`);
    return UNSEEN;
  }
}

function check({ config: file, key }: StoreCheckOptions): StoreReport {
  const config = loadConfig(file);
  const path = join(config.data_directory, 'keys.sqlite');
  const facts = { disk: systemDisk, path, kmaId: config.kma_id, nowMs: systemClock.wallMs() };
  if (!key || !existsSync(path)) return checkStore({ ...facts, nodeKey: undefined });
  using nodeKey = nodeKeyToLook(config);
  return checkStore({ ...facts, nodeKey });
}

export function reportText(report: StoreReport): string {
  const { store, kma_id, format, looked, faults, faults_total: total, notes } = report;
  const more = total - faults.length;
  return [
    `${store}: KMA ${kma_id ?? 'unknown'}, format ${format ?? 'unknown'}`,
    '',
    table(
      ['looked at', 'count', 'faults'],
      looked.map(({ what, count, faults }) => [what, count, faults]),
    ),
    '',
    ...notes.map((note) => `Note: ${note}.`),
    ...faults.map(({ code, message, remedy }) => `FAULT: ${message}\n  ${remedy} [${code}]`),
    ...(more > 0 ? [`… and ${more} faults more`] : []),
    total === 0
      ? 'Sound.'
      : `${total === 1 ? 'One fault' : `${total} faults`}. docs/recovery.md says what follows.`,
  ].join('\n');
}
