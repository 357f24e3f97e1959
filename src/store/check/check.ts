import type { DatabaseSync } from 'node:sqlite';
import type { Disk } from '../../env/disk.ts';
import { AgentError } from '../../errors.ts';
import { limits } from '../../limits.ts';
import type { SecretBytes } from '../../secret/secret-bytes.ts';
import { filesBeside, readMeta, verify } from '../database.ts';
import { placeOfForeign } from '../foreign-keys.ts';
import { placeOfSecret } from '../id-secrets.ts';
import { type LogScan, scanLog } from '../log-scan.ts';
import { FORMAT } from '../schema.ts';
import { Sealer } from '../seal.ts';
import { StoreKeyFile, wrongNodeKey } from '../store-key.ts';
import { BlockCheck } from './block-check.ts';
import { checkFiles } from './files.ts';
import { Findings, type Looked, type StoreFault } from './findings.ts';
import { openToLook } from './open.ts';
import { type CheckedBlock, type CheckQueries, checkQueries } from './queries.ts';
import { RecordCheck } from './records.ts';

export type StoreReport = {
  readonly store: string;
  readonly kma_id: string | null;
  readonly format: string | null;
  readonly looked: readonly Looked[];
  readonly faults: readonly StoreFault[];
  /** Faults in all: no more than some stand in `faults`. */
  readonly faults_total: number;
  /** What is odd and harms nothing, in words. */
  readonly notes: readonly string[];
};

export type CheckOptions = {
  readonly disk: Disk;
  readonly path: string;
  readonly kmaId: string;
  /** Only lent. Undefined: sealed records are not opened, only measured. */
  readonly nodeKey: SecretBytes | undefined;
  readonly nowMs: number;
};

/**
 * Looks at every page and every record of the store of a stopped agent, and changes nothing.
 * @throws AgentError when it can't be looked at: `host.store_missing`, `host.store_locked`, `host.store_unusable`
 */
export function checkStore(options: CheckOptions): StoreReport {
  const findings = new Findings();
  const notes: string[] = [];
  const facts = { kma_id: null as string | null, format: null as string | null };
  findings.look('files', () => checkFiles(options.path, findings));
  try {
    const { db, close } = openToLook(options.path);
    try {
      Object.assign(facts, checkDatabase(db, options, findings, notes));
    } finally {
      close();
    }
  } catch (thrown) {
    if (!(thrown instanceof AgentError && thrown.code === 'host.store_damaged')) throw thrown;
    findings.error(thrown);
  }
  const { looked, faults, total } = findings;
  return { store: options.path, ...facts, looked, faults, faults_total: total, notes };
}

function checkDatabase(db: DatabaseSync, options: CheckOptions, findings: Findings, notes: string[]) {
  findings.look('transactions in the log', () =>
    checkLog(scanLog(options.disk, `${options.path}-wal`), findings, notes),
  );
  findings.look('pages', () => checkPages(db, findings));
  let key: SecretBytes | undefined;
  findings.look('facts about the store', () => {
    key = checkFacts(db, options, findings);
  });
  using sealer = key && new Sealer(key, systemless);
  const format = factOf(db, 'format');
  if (format === '1' || format === '2')
    notes.push(`format ${format} is brought up to date when the agent opens the store; look again then`);
  else checkRows(db, options, sealer, findings, notes);
  return { kma_id: factOf(db, 'kma_id'), format: factOf(db, 'format') };
}

function checkLog({ commits, cut, damaged }: LogScan, findings: Findings, notes: string[]): void {
  findings.count(commits);
  if (damaged)
    findings.damaged(`the write-ahead log is damaged after ${commits} transactions, with others behind it`);
  else if (cut > 0)
    notes.push(`the log ends in ${cut} pages of a transaction that was never whole: it will be left out`);
}

function checkPages(db: DatabaseSync, findings: Findings): void {
  const [pages, integrity] = [db.prepare('PRAGMA page_count'), db.prepare('PRAGMA integrity_check(20)')];
  findings.count(Number(pages.get()?.['page_count']));
  for (const row of integrity.iterate()) {
    const text = String(row['integrity_check']);
    if (text !== 'ok') findings.damaged(text.trim().replaceAll('\n', ': '));
  }
}

/** @returns the store's key, the caller's, when the node key opens it */
function checkFacts(
  db: DatabaseSync,
  { disk, path, kmaId, nodeKey }: CheckOptions,
  findings: Findings,
): SecretBytes | undefined {
  findings.count(Number(db.prepare('SELECT count(*) AS n FROM meta').get()?.['n']));
  try {
    verify(db, kmaId);
  } catch (thrown) {
    if (!(thrown instanceof AgentError)) throw thrown;
    findings.error(thrown);
  }
  if (nodeKey === undefined || factOf(db, 'format') !== String(FORMAT)) return undefined;
  try {
    const key = new StoreKeyFile(disk, filesBeside(path).keys, systemless).peek(
      factOf(db, 'store_key') ?? '',
      nodeKey,
    );
    if (key === undefined) findings.error(wrongNodeKey());
    return key;
  } catch (thrown) {
    if (!(thrown instanceof AgentError)) throw thrown;
    findings.error(thrown);
    return undefined;
  }
}

/** A check makes nothing, and needs no random bytes. */
const systemless = {
  fill(): never {
    throw new Error('a check seals nothing');
  },
  uuid: (): string => '',
};

function checkRows(
  db: DatabaseSync,
  { path, nowMs }: CheckOptions,
  sealer: Sealer | undefined,
  findings: Findings,
  notes: string[],
): void {
  let queries: CheckQueries;
  try {
    queries = checkQueries(db);
  } catch {
    // Said already, by format or pages: the tables are not those that we know.
    if (findings.total === 0) findings.damaged('the store has not the tables of its format');
    return;
  }
  using records = new RecordCheck(filesBeside(path).blocks, sealer, findings);
  const blocks = new BlockCheck(records, nowMs, findings);
  let leavings = 0;
  findings.look('blocks', () => {
    for (const row of queries.blocks.iterate()) {
      findings.count();
      blocks.check(row as CheckedBlock);
    }
    for (const { block } of queries.orphanKeys.iterate())
      findings.contradiction(`there is key of row ${block}, but no such block`);
    leavings = Number(queries.leavings.get()?.['n']);
  });
  findings.look('strides', () => checkStrides(queries, findings));
  findings.look('ID secrets', () => checkSecrets(queries, records));
  findings.look('counters', () => checkCounters(queries, findings));
  findings.look('keys of plain KMs', () => checkForeign(queries, records));
  notes.push(...blocks.notes);
  if (leavings > 0) notes.push(`${leavings} marks outlived their block; nobody reads them`);
  if (sealer === undefined) notes.push('no sealed record was opened');
}

function checkStrides({ strides }: CheckQueries, findings: Findings): void {
  for (const row of strides.iterate()) {
    findings.count();
    const { block, from_unit: from, to_unit: to, before } = row as Record<string, number>;
    if (!(from! < to!))
      findings.contradiction(`a stride of row ${block} ends where it begins: ${from} to ${to}`);
    if (before != null && from! < before)
      findings.contradiction(
        `key of row ${block} was burnt twice: units ${from} to ${Math.min(to!, before)}`,
      );
  }
}

function checkSecrets({ secrets }: CheckQueries, records: RecordCheck): void {
  for (const row of secrets.iterate()) {
    records.findings.count();
    const { pool, own, epoch } = row as { pool: string; own: number; epoch: number };
    const place = placeOfSecret(pool, own === 1, epoch);
    records.alone(place, row['sealed'] as Uint8Array, limits.unitBytes);
  }
}

function checkCounters({ counters }: CheckQueries, findings: Findings): void {
  for (const { name, upto } of counters.iterate() as Iterable<{ name: string; upto: number }>) {
    findings.count();
    if (upto < 0 || upto > 2 * limits.blockNumberMax)
      findings.contradiction(`counter ${name} stands at ${upto}`);
  }
}

function checkForeign({ foreign }: CheckQueries, records: RecordCheck): void {
  for (const row of foreign?.iterate() ?? []) {
    records.findings.count();
    const { pool, key_id: id, bytes } = row as { pool: string; key_id: string; bytes: number };
    const sealed = row['sealed'] as Uint8Array | null;
    if (sealed !== null) records.alone(placeOfForeign(pool, id), sealed, bytes);
  }
}

function factOf(db: DatabaseSync, name: string): string | null {
  try {
    return readMeta(db, name) ?? null;
  } catch {
    // Its table is among what is damaged, and said so.
    return null;
  }
}
