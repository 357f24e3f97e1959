import type { ModuleAlarm } from '../../drivers/driver.ts';
import type { Clock } from '../env/clock.ts';
import type { Log } from '../env/log.ts';
import { limits } from '../limits.ts';
import type { Pool } from '../store/pool.ts';
import type { Synchronise } from './synchronise.ts';

/** What a hold keeps out of use, for people. */
export type HoldStatus = { readonly reason: string; readonly blocks: number };

/**
 * Keeps a link's newest blocks out of use while it is in doubt whether they are secret: own blocks that came within
 * `limits.suspectBackMs` before the alarm, and all that are not agreed on with the other end, or come later.
 */
export class SuspectHold {
  readonly #pool: Pool;
  readonly #synchronise: Synchronise;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #releaseAtAlarmEnd: boolean;
  /** Codes of the suspect alarms that have not ended. */
  readonly #codes = new Set<string>();
  #reason: string | undefined;

  constructor(
    pool: Pool,
    synchronise: Synchronise,
    clock: Clock,
    log: Log,
    options: { readonly releaseAtAlarmEnd: boolean },
  ) {
    this.#pool = pool;
    this.#synchronise = synchronise;
    this.#clock = clock;
    this.#log = log;
    this.#releaseAtAlarmEnd = options.releaseAtAlarmEnd;
  }

  get status(): HoldStatus | null {
    return this.#reason === undefined ? null : { reason: this.#reason, blocks: this.#blocks };
  }

  onAlarm(alarm: ModuleAlarm): void {
    if (!alarm.active) {
      const ended = this.#codes.delete(alarm.code) && this.#codes.size === 0;
      if (ended && this.#releaseAtAlarmEnd) this.release('the alarm ended');
    } else if (alarm.suspect) {
      // More codes than are remembered can't end by rule: an operator has to look.
      if (this.#codes.size <= limits.alarmsMax) this.#codes.add(alarm.code);
      this.#hold(alarm.code);
    }
  }

  /** Lets go of everything held. @returns how many blocks that were */
  release(why: string): number {
    if (this.#reason === undefined) return 0;
    const blocks = this.#blocks;
    this.#reason = undefined;
    this.#codes.clear();
    this.#pool.letGo();
    this.#synchronise.setHeld(false);
    this.#log.warn('kma.hold.released', { why, blocks });
    return blocks;
  }

  #hold(code: string): void {
    const begins = this.#reason === undefined;
    this.#reason ??= `alarm ${code}`;
    this.#synchronise.setHeld(true);
    const since = this.#clock.wallMs() - limits.suspectBackMs;
    this.#pool.holdBack((block) => block.createdMs >= since);
    if (begins) this.#log.warn('kma.hold.begins', { reason: this.#reason, blocks: this.#blocks });
  }

  get #blocks(): number {
    let count = this.#pool.heldBack.size;
    for (const side of [this.#pool.own, this.#pool.theirs]) {
      for (const { state } of side.values()) if (state === 'received') count += 1;
    }
    return count;
  }
}
