import type { Clock } from '../env/clock.ts';
import type { Block } from './block.ts';

/**
 * A moment by both clocks, in milliseconds: the wall clock may be set, and the monotonic one begins anew with the process. And by the first row of the
 * store that came then or later, where one is known: rows rise.
 */
export type Since = {
  readonly wallMs: number;
  readonly monotonicMs: number;
  readonly row?: number | undefined;
};

/** The moment so long ago. */
export function ago(ms: number, clock: Clock): Since {
  return { wallMs: clock.wallMs() - ms, monotonicMs: clock.monotonicMs() - ms };
}

/** A moment of which only the wall clock was remembered. It lies in the past, whatever that clock says by now. */
export function sinceWall(wallMs: number, clock: Clock, row?: number): Since {
  const now = clock.monotonicMs();
  return { wallMs, monotonicMs: Math.min(now, now - (clock.wallMs() - wallMs)), row };
}

export function earlier(a: Since, b: Since): Since {
  const row = Math.min(a.row ?? Number.POSITIVE_INFINITY, b.row ?? Number.POSITIVE_INFINITY);
  return { wallMs: Math.min(a.wallMs, b.wallMs), monotonicMs: Math.min(a.monotonicMs, b.monotonicMs), row };
}

export const NEVER: Since = { wallMs: Number.POSITIVE_INFINITY, monotonicMs: Number.POSITIVE_INFINITY };
export const ALWAYS: Since = { wallMs: Number.NEGATIVE_INFINITY, monotonicMs: Number.NEGATIVE_INFINITY };

/** Whether a link brought a block at that moment or later, by either clock. */
export function cameSince({ origin, id, createdMs, arrivedMs }: Block, since: Since): boolean {
  const { wallMs, monotonicMs, row = Number.POSITIVE_INFINITY } = since;
  if (origin !== 'link') return false;
  return createdMs >= wallMs || id >= row || (arrivedMs !== undefined && arrivedMs >= monotonicMs);
}
