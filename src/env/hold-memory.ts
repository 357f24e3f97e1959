/** A hold: why, and from when on own blocks are suspect: milliseconds since the Unix epoch, and the store's row, whatever becomes of the clock. */
export type Hold = { readonly reason: string; readonly sinceMs: number; readonly row?: number | undefined };

/** Remembers a hold over restarts. Either may throw. */
export type HoldMemory = {
  load(): Hold | undefined;
  /** Durable when it returns; undefined when nothing is held any more. */
  save(hold: Hold | undefined): void;
};
