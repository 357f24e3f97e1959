/** What a guard remembers: the store that it guards, and a number that rises with every change of that store. */
export type GuardMark = { readonly storeId: string; readonly mark: number };

/**
 * A second memory of how far a store has come, apart from the store's own disk: a store that is put back from a copy is behind it. Each mark
 * is written after the store's own change is durable and before anyone is told of it, so that an honest store is never behind.
 */
export interface RollbackGuard {
  /** What people call it. */
  readonly name: string;
  /** Undefined when nothing was ever written. @throws when it cannot be read: nobody knows then */
  read(): GuardMark | undefined;
  /** Durable when it resolves. One at a time. */
  write(mark: GuardMark): Promise<void>;
  /** Guards a store that is at 0 from now on, and forgets any other: durable when it returns. Cut off, it remembers either. */
  begin(storeId: string): void;
}
