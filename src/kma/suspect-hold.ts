import type { ModuleAlarm } from '../../drivers/driver.ts';
import type { Clock } from '../env/clock.ts';
import type { Hold, HoldMemory } from '../env/hold-memory.ts';
import type { Log } from '../env/log.ts';
import { messageOf, rethrowInvariant } from '../errors.ts';
import { limits } from '../limits.ts';
import type { Block } from '../store/block.ts';
import type { Pool } from '../store/pool.ts';
import { ago, cameSince, NEVER, type Since, sinceWall } from '../store/since.ts';
import type { Synchronise } from './synchronise.ts';

export type HoldOptions = {
  /** The end of all suspect alarms releases; otherwise an operator does. */
  readonly releaseAtAlarmEnd: boolean;
  /** What an alarm makes suspect is destroyed, and nothing new is taken while the hold lasts. */
  readonly destroysSuspect?: boolean | undefined;
  readonly memory?: HoldMemory | undefined;
};

/** What a hold needs of whoever takes blocks in. */
export type Intake = {
  /** Destroys blocks: they are out of use at once, and durably gone when it resolves. Where the disk fails it throws, and goes on trying. */
  destroy(blocks: readonly Block[]): Promise<void>;
  /** Resolves when each block that is on its way into the store now has come in, or will not. */
  underway(): Promise<unknown>;
};

/** What a hold keeps out of use, for people. */
export type HoldStatus = { readonly reason: string; readonly blocks: number };

/**
 * Keeps a link's newest blocks out of use while it is in doubt whether they are secret: own blocks that came within
 * `limits.suspectBackMs` before the alarm, and all that are not agreed on with the other end, or come later. Or destroys what came since then,
 * in both directions.
 */
export class SuspectHold {
  readonly #pool: Pool;
  readonly #synchronise: Synchronise;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #releaseAtAlarmEnd: boolean;
  readonly #destroysSuspect: boolean;
  readonly #intake: Intake;
  /** Codes of the suspect alarms that have not ended. */
  readonly #codes = new Set<string>();
  /** Of these, what was told since the module was opened. */
  readonly #told = new Set<string>();
  #cancelMissed = () => {};
  readonly #memory: HoldMemory | undefined;
  #current: Hold | undefined;
  /** What came then or later is suspect, while there is a hold. */
  #since = NEVER;
  #stopped = false;
  #condemned = 0;

  constructor(
    pool: Pool,
    synchronise: Synchronise,
    intake: Intake,
    clock: Clock,
    log: Log,
    options: HoldOptions,
  ) {
    this.#pool = pool;
    this.#synchronise = synchronise;
    this.#clock = clock;
    this.#log = log;
    this.#intake = intake;
    this.#releaseAtAlarmEnd = options.releaseAtAlarmEnd;
    this.#destroysSuspect = options.destroysSuspect === true;
    this.#memory = options.memory;
    const remembered = this.#memory?.load();
    if (remembered === undefined) {
      // While the link was away it may have been held back for a hold that nobody remembers any more.
      pool.letGo();
      return;
    }
    this.#begin(remembered, sinceWall(remembered.sinceMs, clock, remembered.row));
    // The disk may not have taken it: what the agent remembers outlives a reload of the link.
    this.#remember(remembered);
  }

  get status(): HoldStatus | null {
    return this.#current === undefined ? null : { reason: this.#current.reason, blocks: this.#blocks };
  }

  /** Whether blocks that come now are not to be taken. */
  get refuses(): boolean {
    return this.#destroysSuspect && this.#current !== undefined;
  }

  /** Changes whenever blocks are destroyed for being suspect: what was on its way into the store at that time is to go the same way. */
  get condemned(): number {
    return this.#condemned;
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelMissed();
  }

  /** The module has been opened, and tells again which alarms are active. Of what it has not told some time later the end was missed. */
  onOpen(): void {
    this.onLost();
    this.#cancelMissed = this.#clock.after(limits.alarmsToldMs, () => {
      for (const code of this.#codes) if (!this.#told.has(code)) this.#codes.delete(code);
      if (this.#codes.size === 0 && this.#releaseAtAlarmEnd) this.#endByRule();
    });
  }

  onLost(): void {
    this.#cancelMissed();
    this.#told.clear();
  }

  onAlarm(alarm: ModuleAlarm): void {
    if (!alarm.active) {
      const ended = this.#codes.delete(alarm.code) && this.#codes.size === 0;
      if (ended && this.#releaseAtAlarmEnd) this.#endByRule();
    } else if (alarm.suspect) {
      // More codes than are remembered can't end by rule: an operator has to look.
      if (this.#codes.size <= limits.alarmsMax) this.#codes.add(alarm.code);
      if (this.#told.size <= limits.alarmsMax) this.#told.add(alarm.code);
      this.#hold(alarm.code);
    }
  }

  /**
   * Destroys what came since the time of the alarm, and ends the hold unless an alarm still lasts.
   * @returns how many blocks, once they are durably gone
   * @throws AgentError `host.store_…`, and what remembering throws: the hold goes on
   */
  async discard(why: string): Promise<number> {
    const hold = this.#current;
    if (hold === undefined) return 0;
    const blocks = await this.#destroySuspect(this.#since);
    if (this.#current === hold && this.#codes.size === 0) this.#end(why);
    return blocks;
  }

  /**
   * Ends the hold: what is held is used, or destroyed where that is the rule.
   * @returns how many blocks were held, or are destroyed
   * @throws AgentError as `discard`: nothing is let go
   */
  async release(why: string): Promise<number> {
    const hold = this.#current;
    if (hold === undefined) return 0;
    if (!this.#destroysSuspect) return this.#end(why);
    const blocks = await this.#destroySuspect(this.#since);
    if (this.#current === hold) this.#end(why);
    return blocks;
  }

  #endByRule(): void {
    this.release('the alarm ended').catch((thrown: unknown) => {
      rethrowInvariant(thrown);
      this.#log.error('kma.hold.not_ended', { reason: messageOf(thrown) });
      this.#clock.after(limits.destroyRetryMs, () => {
        if (!this.#stopped && this.#codes.size === 0) this.#endByRule();
      });
    });
  }

  #end(why: string): number {
    // Another hold of the same link may have taken its place by now.
    if (this.#stopped) return 0;
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
    const ofClocks = ago(limits.suspectBackMs, this.#clock);
    const since = { ...ofClocks, row: this.#firstRow(ofClocks) };
    if (this.#current !== undefined) {
      this.#pool.holdBack(since);
      return this.#destroyByRule(since);
    }
    const hold = { reason: `alarm ${code}`, sinceMs: since.wallMs, row: since.row };
    this.#begin(hold, since);
    this.#remember(hold);
  }

  // The row behind the newest block that is not suspect: rows rise, whatever becomes of the clocks.
  #firstRow(since: Since): number {
    let row = 0;
    for (const side of [this.#pool.own, this.#pool.theirs])
      for (const block of side.values())
        if (block.origin === 'link' && !cameSince(block, since)) row = Math.max(row, block.id + 1);
    return row;
  }

  // After a restart nothing else would know of it.
  #remember(hold: Hold): void {
    try {
      this.#memory?.save(hold);
    } catch (thrown) {
      this.#log.error('kma.hold.not_remembered', { reason: messageOf(thrown) });
      this.#clock.after(limits.destroyRetryMs, () => {
        if (!this.#stopped && this.#current === hold) this.#remember(hold);
      });
    }
  }

  #begin(hold: Hold, since: Since): void {
    this.#current = hold;
    this.#since = since;
    this.#synchronise.setHeld(true);
    this.#pool.holdBack(since);
    this.#log.warn('kma.hold.begins', { reason: hold.reason, blocks: this.#blocks });
    this.#destroyByRule(since);
  }

  #destroyByRule(since: Since): void {
    if (!this.#destroysSuspect) return;
    this.#destroySuspect(since).catch((thrown: unknown) => {
      rethrowInvariant(thrown);
      this.#log.error('kma.hold.not_destroyed', { reason: messageOf(thrown) });
    });
  }

  async #destroySuspect(since: Since): Promise<number> {
    this.#condemned += 1;
    const underway = this.#intake.underway();
    const came = (block: Block) => cameSince(block, since);
    const live = [...this.#pool.own.values(), ...this.#pool.theirs.values()].filter(came);
    // Held back at an earlier alarm of this hold.
    const blocks = await this.#destroy([...live, ...this.#pool.heldBack], came);
    await underway;
    // Whoever takes blocks in has ended what came meanwhile. Were the hold over before that is durable, a crash would spare it.
    return blocks + (await this.#destroy([], came));
  }

  /** Those that the disk has not let go of yet are waited for. */
  async #destroy(blocks: readonly Block[], came: (block: Block) => boolean): Promise<number> {
    const all = [...new Set([...blocks, ...[...this.#pool.ending].filter(came)])];
    if (all.length === 0) return 0;
    await this.#intake.destroy(all);
    this.#log.warn('kma.hold.destroyed', { blocks: all.length });
    return all.length;
  }

  get #blocks(): number {
    let count = this.#pool.heldBack.size;
    for (const side of [this.#pool.own, this.#pool.theirs]) {
      for (const { state } of side.values()) if (state === 'received') count += 1;
    }
    return count;
  }
}
