/** A hold: why, and from when on (milliseconds since the Unix epoch) own blocks are suspect. */
export type Hold = { readonly reason: string; readonly sinceMs: number };

/** Remembers a hold over restarts. Either may throw. */
export type HoldMemory = {
  load(): Hold | undefined;
  /** Durable when it returns; undefined when nothing is held any more. */
  save(hold: Hold | undefined): void;
};
