import type { RollbackGuard } from '../env/rollback-guard.ts';
import type { CommitGuard } from './group-commit.ts';
import type { Statements } from './statements.ts';

/** Counts the store's changes in the store itself and, a moment later, in its guard: the guard is never ahead of an honest store. */
export class MarkCounter implements CommitGuard {
  readonly #guard: RollbackGuard;
  readonly #storeId: string;
  readonly #statements: Statements;
  #mark: number;

  /** @param last the store's mark as it is on disk */
  constructor(guard: RollbackGuard, storeId: string, statements: Statements, last: string | undefined) {
    this.#guard = guard;
    this.#storeId = storeId;
    this.#statements = statements;
    this.#mark = Number(last ?? 0);
  }

  count(): void {
    this.#mark += 1;
    this.#statements.putMeta.run('mark', String(this.#mark));
  }

  // One at a time: no transaction begins before this has resolved.
  remember(): Promise<void> {
    return this.#guard.write({ storeId: this.#storeId, mark: this.#mark });
  }
}
