import type { ModuleAlarm } from '../../drivers/driver.ts';
import type { Clock } from '../env/clock.ts';
import type { Hold, HoldMemory } from '../env/hold-memory.ts';
import type { Log } from '../env/log.ts';
import { messageOf } from '../errors.ts';
import { limits } from '../limits.ts';
import type { Pool } from '../store/pool.ts';
import type { Synchronise } from './synchronise.ts';

export type HoldOptions = {
  /** The end of all suspect alarms releases; otherwise an operator does. */
  readonly releaseAtAlarmEnd: boolean;
  readonly memory?: HoldMemory | undefined;
};

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
  readonly #memory: HoldMemory | undefined;
  #current: Hold | undefined;

  constructor(pool: Pool, synchronise: Synchronise, clock: Clock, log: Log, options: HoldOptions) {
    this.#pool = pool;
    this.#synchronise = synchronise;
    this.#clock = clock;
    this.#log = log;
    this.#releaseAtAlarmEnd = options.releaseAtAlarmEnd;
    this.#memory = options.memory;
    const remembered = this.#memory?.load();
    if (remembered !== undefined) this.#begin(remembered);
  }

  get status(): HoldStatus | null {
    return this.#current === undefined ? null : { reason: this.#current.reason, blocks: this.#blocks };
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

  /** Lets go of everything held. @returns how many blocks that were. Throws, and lets go of nothing, when it can't be remembered. */
  release(why: string): number {
    if (this.#current === undefined) return 0;
    const blocks = this.#blocks;
    this.#memory?.save(undefined);
    this.#current = undefined;
    this.#codes.clear();
    this.#pool.letGo();
    this.#synchronise.setHeld(false);
    this.#log.warn('kma.hold.released', { why, blocks });
    return blocks;
  }

  #hold(code: string): void {
    const sinceMs = this.#clock.wallMs() - limits.suspectBackMs;
    if (this.#current !== undefined) return this.#pool.holdBack((block) => block.createdMs >= sinceMs);
    const hold = { reason: `alarm ${code}`, sinceMs };
    this.#begin(hold);
    try {
      this.#memory?.save(hold);
    } catch (thrown) {
      this.#log.error('kma.hold.not_remembered', { reason: messageOf(thrown) });
    }
  }

  #begin(hold: Hold): void {
    this.#current = hold;
    this.#synchronise.setHeld(true);
    this.#pool.holdBack((block) => block.createdMs >= hold.sinceMs);
    this.#log.warn('kma.hold.begins', { reason: hold.reason, blocks: this.#blocks });
  }

  get #blocks(): number {
    let count = this.#pool.heldBack.size;
    for (const side of [this.#pool.own, this.#pool.theirs]) {
      for (const { state } of side.values()) if (state === 'received') count += 1;
    }
    return count;
  }
}
