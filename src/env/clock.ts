/** Time as the agent sees it. Handed in, so that a simulation can turn it. */
export interface Clock {
  /** Milliseconds since the Unix epoch; may jump. For records that people read, never for measuring. */
  wallMs(): number;
  /** Milliseconds since some fixed point; never goes back. For time-outs and rates. */
  monotonicMs(): number;
  /** Calls `fn` once after `ms`; the returned function cancels it. Does not keep the process alive by itself. */
  after(ms: number, fn: () => void): () => void;
  /** Calls `fn` once, after what is under way now and before any timer that is not due yet. */
  soon(fn: () => void): void;
}
