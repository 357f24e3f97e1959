import type { ModuleAlarm } from '../../drivers/driver.ts';
import type { Clock } from '../env/clock.ts';
import type { Hold, HoldMemory } from '../env/hold-memory.ts';
import type { Log } from '../env/log.ts';
import { messageOf } from '../errors.ts';
import { limits } from '../limits.ts';
import type { Block } from '../store/block.ts';
import type { Pool } from '../store/pool.ts';
import type { Synchronise } from './synchronise.ts';

export type HoldOptions = {
  /** The end of all suspect alarms releases; otherwise an operator does. */
  readonly releaseAtAlarmEnd: boolean;
  /** What an alarm makes suspect is destroyed, and nothing new is taken while the hold lasts. */
  readonly destroysSuspect?: boolean | undefined;
  readonly memory?: HoldMemory | undefined;
};

/** Destroys blocks: they are out of use when it returns, and gone from the disk after it. */
type Destroy = (blocks: readonly Block[]) => void;

/** What a hold keeps out of use, for people. */
export type HoldStatus = { readonly reason: string; readonly blocks: number };

/**
 * Keeps a link's newest blocks out of use while it is in doubt whether they are secret: own blocks that came within
 * `limits.suspectBackMs` before the alarm, and all that are not agreed on with the other end, or come later. Or destroys them: then the other end's
 * of that time as well.
 */
export class SuspectHold {
  readonly #pool: Pool;
  readonly #synchronise: Synchronise;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #releaseAtAlarmEnd: boolean;
  readonly #destroysSuspect: boolean;
  readonly #destroy: Destroy;
  /** Codes of the suspect alarms that have not ended. */
  readonly #codes = new Set<string>();
  readonly #memory: HoldMemory | undefined;
  #current: Hold | undefined;

  constructor(
    pool: Pool,
    synchronise: Synchronise,
    destroy: Destroy,
    clock: Clock,
    log: Log,
    options: HoldOptions,
  ) {
    this.#pool = pool;
    this.#synchronise = synchronise;
    this.#clock = clock;
    this.#log = log;
    this.#destroy = destroy;
    this.#releaseAtAlarmEnd = options.releaseAtAlarmEnd;
    this.#destroysSuspect = options.destroysSuspect === true;
    this.#memory = options.memory;
    const remembered = this.#memory?.load();
    if (remembered !== undefined) this.#begin(remembered);
  }

  get status(): HoldStatus | null {
    return this.#current === undefined ? null : { reason: this.#current.reason, blocks: this.#blocks };
  }

  /** Whether blocks that come now are not to be taken. */
  get refuses(): boolean {
    return this.#destroysSuspect && this.#current !== undefined;
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

  /** Destroys what is held, and ends the hold. @returns how many blocks were destroyed. Throws when it can't be remembered that the hold has ended. */
  discard(why: string): number {
    return this.#current === undefined ? 0 : this.#destroySuspect(this.#current.sinceMs) + this.#end(why);
  }

  /** Ends the hold: what is held is used, or destroyed where that is the rule. @returns how many blocks were held. Throws, and lets go of nothing, when it can't be remembered. */
  release(why: string): number {
    if (this.#current === undefined) return 0;
    if (!this.#destroysSuspect) return this.#end(why);
    // What was on its way into the store when the alarm came.
    return this.discard(why);
  }

  #end(why: string): number {
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
    if (this.#current !== undefined) {
      this.#pool.holdBack(sinceMs);
      if (this.#destroysSuspect) this.#destroySuspect(sinceMs);
      return;
    }
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
    this.#pool.holdBack(hold.sinceMs);
    this.#log.warn('kma.hold.begins', { reason: hold.reason, blocks: this.#blocks });
    if (this.#destroysSuspect) this.#destroySuspect(hold.sinceMs);
  }

  #destroySuspect(sinceMs: number): number {
    const all = [...this.#pool.own.values(), ...this.#pool.theirs.values()];
    const suspect = all.filter(({ state, createdMs }) => state === 'received' || createdMs >= sinceMs);
    // Held back at an earlier alarm of this hold.
    const blocks = [...new Set([...suspect, ...this.#pool.heldBack])];
    if (blocks.length === 0) return 0;
    this.#log.warn('kma.hold.destroyed', { blocks: blocks.length });
    this.#destroy(blocks);
    return blocks.length;
  }

  get #blocks(): number {
    let count = this.#pool.heldBack.size;
    for (const side of [this.#pool.own, this.#pool.theirs]) {
      for (const { state } of side.values()) if (state === 'received') count += 1;
    }
    return count;
  }
}
