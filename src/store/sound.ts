import type { DatabaseSync } from 'node:sqlite';
import { damaged, reading } from './damage.ts';
import { prepareForeign } from './foreign-schema.ts';
import { prepareStatements } from './statements.ts';

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
