import type { StatementSync } from 'node:sqlite';
import { AgentError, messageOf } from '../errors.ts';

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

/** Reads from the database. @throws AgentError `host.store_damaged` where SQLite finds the file or the disk bad */
export function reading<Result>(read: () => Result): Result {
  try {
    return read();
  } catch (thrown) {
    if (thrown instanceof AgentError) throw thrown;
    throw damaged(`the key store cannot be read: ${messageOf(thrown)}`, thrown);
  }
}

type Row = ReturnType<StatementSync['all']>[number];

/** All rows of a statement without parameters, at once or one by one, read as `reading` does. */
export function readingAll(statement: StatementSync): { all(): Row[]; each(): Iterable<Row> } {
  return { all: () => reading(() => statement.all()), each: () => readingEach(statement) };
}

function* readingEach(statement: StatementSync): Iterable<Row> {
  const rows = reading(() => statement.iterate());
  for (;;) {
    const { done, value } = reading(() => rows.next());
    if (done === true) return;
    yield value as Row;
  }
}
