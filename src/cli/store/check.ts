import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '../../config/load.ts';
import type { Config } from '../../config/schema.ts';
import { AgentError } from '../../errors.ts';
import { systemClock } from '../../node/clock.ts';
import { systemDisk } from '../../node/disk.ts';
import { systemEntropy } from '../../node/entropy.ts';
import { loadNodeKey } from '../../node/node-key.ts';
import { checkStore, type StoreReport } from '../../store/check/check.ts';
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
  using nodeKey = nodeKeyOf(config);
  return checkStore({ ...facts, nodeKey });
}

function nodeKeyOf({ node_key, data_directory }: Config) {
  const salt = join(data_directory, 'node-key.salt');
  // It would be made anew, and a check makes nothing.
  if ('passphrase_file' in node_key && !existsSync(salt))
    throw new AgentError(
      'host.store_salt_missing',
      `there is no ${salt}: without it no passphrase gives the node key`,
      {
        fault: 'host',
        remedy:
          'Put it back from where the data directory was saved, or look without the node key: --no-key.',
      },
    );
  return loadNodeKey(systemDisk, node_key, data_directory, systemEntropy);
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
