import type { Clock } from '../env/clock.ts';
import type { Block } from './block.ts';

/** A moment by both clocks: the wall clock may be set, and the monotonic one begins anew with the process. In milliseconds. */
export type Since = { readonly wallMs: number; readonly monotonicMs: number };

/** The moment so long ago. */
export function ago(ms: number, clock: Clock): Since {
  return { wallMs: clock.wallMs() - ms, monotonicMs: clock.monotonicMs() - ms };
}

/** A moment of which only the wall clock was remembered. It lies in the past, whatever that clock says by now. */
export function sinceWall(wallMs: number, clock: Clock): Since {
  const now = clock.monotonicMs();
  return { wallMs, monotonicMs: Math.min(now, now - (clock.wallMs() - wallMs)) };
}

export function earlier(a: Since, b: Since): Since {
  return { wallMs: Math.min(a.wallMs, b.wallMs), monotonicMs: Math.min(a.monotonicMs, b.monotonicMs) };
}

export const NEVER: Since = { wallMs: Number.POSITIVE_INFINITY, monotonicMs: Number.POSITIVE_INFINITY };
export const ALWAYS: Since = { wallMs: Number.NEGATIVE_INFINITY, monotonicMs: Number.NEGATIVE_INFINITY };

/** Whether a link brought a block at that moment or later, by either clock. */
export function cameSince({ origin, createdMs, arrivedMs }: Block, { wallMs, monotonicMs }: Since): boolean {
  return origin === 'link' && (createdMs >= wallMs || (arrivedMs !== undefined && arrivedMs >= monotonicMs));
}
