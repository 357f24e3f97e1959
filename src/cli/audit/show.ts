import { join } from 'node:path';
import { linesOf, trailFiles } from '../../audit/files.ts';
import { auditDirectory } from '../../config/audit-rules.ts';
import { loadConfig } from '../../config/load.ts';
import type { AuditEvent } from '../../env/audit.ts';
import { AgentError } from '../../errors.ts';
import { systemDisk } from '../../node/disk.ts';

export type ShowOptions = {
  readonly directory: string;
  readonly config?: string;
  readonly since?: number;
  readonly until?: number;
  readonly what?: string;
  readonly who?: string;
  readonly keyId?: string;
  readonly block?: { readonly peer: string; readonly number: number };
  readonly json?: boolean;
};

type Shown = AuditEvent & {
  readonly seq: number;
  readonly time: string;
  readonly prev?: string;
  readonly hash?: string;
};

/** Prints lines of a trail. @throws AgentError `host.audit_unreadable` */
export async function show(options: ShowOptions): Promise<void> {
  const directory =
    options.config === undefined ? options.directory : auditDirectory(loadConfig(options.config));
  const files = trailFiles(systemDisk, directory);
  if (files.length === 0)
    throw new AgentError('host.audit_unreadable', `there is no audit trail in ${directory}`, {
      fault: 'host',
      remedy: 'Name its directory, or the configuration of the node.',
    });
  let found = false;
  for (const { name } of files) {
    for (const { bytes, whole } of linesOf(systemDisk, join(directory, name))) {
      const text = bytes.toString('utf8');
      const line = whole ? parsed(text) : undefined;
      if (line === undefined || !fits(line, options)) continue;
      found = true;
      await written(`${options.json === true ? text : lineText(line)}\n`);
    }
  }
  if (!found)
    process.stderr.write(`no record in ${directory} is like that; the events are listed in docs/audit.md\n`);
}

function parsed(text: string): Shown | undefined {
  try {
    const line = JSON.parse(text) as Partial<Shown>;
    return typeof line.seq === 'number' && typeof line.what === 'string' ? (line as Shown) : undefined;
  } catch {
    return undefined;
  }
}

export function fits(line: Shown, { since, until, what, who, keyId, block }: ShowOptions): boolean {
  const ms = Date.parse(line.time);
  if (since !== undefined && !(ms >= since)) return false;
  if (until !== undefined && !(ms <= until)) return false;
  if (what !== undefined && line.what !== what && !line.what.startsWith(`${what}.`)) return false;
  if (who !== undefined && line.who !== who) return false;
  if (keyId !== undefined && !line.key_ids?.includes(keyId.toLowerCase()) && !line.key_ids?.includes(keyId))
    return false;
  if (block === undefined) return true;
  const isNamed = line.block === block.number || line.units?.some(([number]) => number === block.number);
  return isNamed === true && (line.peer === block.peer || line.who === `module:${block.peer}`);
}

/** For people: the time, the event, and the rest by name. */
export function lineText({
  seq,
  time,
  what,
  who,
  outcome,
  prev: _prev,
  hash: _hash,
  ...rest
}: Shown): string {
  const { facts, ...members } = rest;
  const said = Object.entries({ ...members, ...facts }).map(([name, value]) => `${name}=${valueText(value)}`);
  return [seq, time, what, who, outcome, ...said].join(' ');
}

function valueText(value: unknown): string {
  return typeof value === 'string' && /^[\w.:+/-]+$/.test(value) ? value : JSON.stringify(value);
}

async function written(text: string): Promise<void> {
  if (!process.stdout.write(text)) await new Promise((resolve) => process.stdout.once('drain', resolve));
}
