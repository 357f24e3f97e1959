import type { DatabaseSync } from 'node:sqlite';
import { AgentError, messageOf } from '../errors.ts';
import { prepareForeign } from './foreign-schema.ts';
import { prepareStatements } from './statements.ts';

/** SQLite's codes for a file that holds something else than it wrote. */
const SQLITE_CORRUPT = 11;
const SQLITE_NOTADB = 26;

/** The disk gives back something else than was written. @param what is damaged, in words */
export function damaged(what: string, cause?: unknown): AgentError {
  return new AgentError('host.store_damaged', what, {
    fault: 'host',
    remedy:
      'Look at it with "keyferry store check"; replace the disk, and start with an empty data directory: marks of used key may be lost.',
    cause,
  });
}

export function isCorrupt(thrown: unknown): boolean {
  const code = (thrown as { errcode?: number } | undefined)?.errcode ?? 0;
  return [SQLITE_CORRUPT, SQLITE_NOTADB].includes(code & 0xff);
}

/** Tables by whose indexes we find what was here or was used; that of foreign keys would take seconds. */
const INDEXED = ['block', 'burn_record', 'id_secret'];

/** Reads every page and looks whether they make a whole. A marred page could give back key that was used. @throws AgentError */
export function assertSound(db: DatabaseSync): void {
  const pragmas = ['quick_check(1)', ...INDEXED.map((table) => `integrity_check(${table})`)];
  for (const pragma of pragmas) {
    const found = reading(() => db.prepare(`PRAGMA ${pragma}`).get());
    const text = String(Object.values(found ?? {})[0]);
    if (text !== 'ok') throw damaged(`the key store is damaged: ${text.trim().replaceAll('\n', ': ')}`);
  }
  // Columns have the names that they were given.
  reading(() => [prepareStatements(db), prepareForeign(db)]);
}

/** Reads from the database while the agent runs. @throws AgentError `host.store_damaged` where SQLite finds the file or the disk bad */
export function reading<Result>(read: () => Result): Result {
  try {
    return read();
  } catch (thrown) {
    if (thrown instanceof AgentError) throw thrown;
    throw damaged(`the key store cannot be read: ${messageOf(thrown)}`, thrown);
  }
}
