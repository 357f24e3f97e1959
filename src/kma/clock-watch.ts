import type { Clock } from '../env/clock.ts';
import type { Log } from '../env/log.ts';
import { AgentError } from '../errors.ts';
import { limits } from '../limits.ts';
import type { KeyStore } from '../store/key-store.ts';

const FACT = 'wall_ms';
/** That the clock has leapt ahead, while it may yet be set right: a restart does not make it right. */
const LEAPT = 'clock_leapt';
const MINUTE = 60_000;

/**
 * Notices a wall clock that is set: back, also while the agent did not run, or far ahead. Ages of key are counted by it, and nobody
 * else sees that it leapt. The last time is kept in the store.
 */
export class ClockWatch {
  readonly #store: KeyStore;
  readonly #clock: Clock;
  readonly #log: Log;
  #cancel: () => void = () => {};
  #wallMs: number;
  #monotonicMs: number;
  #keptMs = Number.NEGATIVE_INFINITY;
  #heldUntilMs = Number.NEGATIVE_INFINITY;
  /** The wall clock less the monotonic one as they were before a leap ahead. */
  #soundMs = 0;
  #back: { readonly error: AgentError; readonly untilMs: number } | undefined;

  constructor(store: KeyStore, clock: Clock, log: Log) {
    this.#store = store;
    this.#clock = clock;
    this.#log = log;
    this.#wallMs = clock.wallMs();
    this.#monotonicMs = clock.monotonicMs();
    const before = Number(store.meta(FACT) ?? 0);
    if (this.#wallMs < before - limits.clockBackMs) this.#wentBack(before);
    else if (store.meta(LEAPT) === 'yes') this.#hold(before - this.#monotonicMs);
    if (before > 0) this.#makeNew(before - limits.suspectBackMs);
  }

  // Nobody knows how long ago it was that the agent before us ended: for an alarm that comes now, its last blocks have just come.
  #makeNew(fromMs: number): void {
    for (const pool of this.#store.pools())
      for (const block of [...pool.own.values(), ...pool.theirs.values()])
        if (block.createdMs >= fromMs) block.arrivedMs = this.#monotonicMs;
  }

  start(): void {
    this.#cancel = this.#clock.after(limits.clockTickMs, () => this.start());
    this.#look();
    if (this.#back !== undefined && this.#wallMs >= this.#back.untilMs) this.#back = undefined;
    this.#keep(this.#wallMs);
    if (!this.#held && this.#store.meta(LEAPT) === 'yes') this.#put(LEAPT, '');
  }

  stop(): void {
    this.#cancel();
  }

  /** The clock has lately leapt ahead: whoever set it may yet set it right. Looks now, so that nobody sees the leap before we do. */
  get doubtful(): boolean {
    this.#look();
    return this.#held;
  }

  /** What an operator has to know now. */
  get warning(): string | undefined {
    return this.#back && `${this.#back.error.message}. ${this.#back.error.remedy}`;
  }

  get #held(): boolean {
    return this.#clock.monotonicMs() < this.#heldUntilMs;
  }

  #look(): void {
    const [wallMs, monotonicMs] = [this.#clock.wallMs(), this.#clock.monotonicMs()];
    const expectedMs = this.#wallMs + monotonicMs - this.#monotonicMs;
    if (wallMs < expectedMs - limits.clockBackMs) this.#wentBack(expectedMs);
    else if (wallMs > expectedMs + limits.clockAheadMs) this.#wentAhead(wallMs - expectedMs);
    this.#wallMs = wallMs;
    this.#monotonicMs = monotonicMs;
  }

  #wentBack(fromMs: number): void {
    const by = Math.round((fromMs - this.#clock.wallMs()) / MINUTE);
    const message = `the clock went back by ${by} minutes, from ${new Date(fromMs).toISOString()}`;
    const error = new AgentError('host.clock_back', message, {
      fault: 'host',
      remedy:
        'See that it is right now (timedatectl): the age of key and the end of certificates are counted by it.',
    });
    // It may be the time before that was wrong.
    this.#back = { error, untilMs: Math.min(fromMs, this.#clock.wallMs() + limits.clockBackToldMs) };
    // Set right after a leap ahead: ages are true again. The next start compares with the new time.
    const aheadMs = this.#clock.wallMs() - this.#clock.monotonicMs() - this.#soundMs;
    if (!this.#held || aheadMs <= limits.clockAheadMs) {
      this.#heldUntilMs = Number.NEGATIVE_INFINITY;
      this.#keptMs = Number.NEGATIVE_INFINITY;
    }
    this.#log.error('clock.back', { code: error.code, reason: message, remedy: error.remedy });
  }

  #hold(soundMs: number): void {
    if (!this.#held) this.#soundMs = soundMs;
    this.#heldUntilMs = this.#clock.monotonicMs() + limits.clockAheadHoldMs;
  }

  #wentAhead(byMs: number): void {
    this.#hold(this.#wallMs - this.#monotonicMs);
    this.#put(LEAPT, 'yes');
    this.#log.error('clock.ahead', {
      code: 'host.clock_ahead',
      reason: `the clock leapt ahead by ${Math.round(byMs / MINUTE)} minutes`,
      remedy: `If that is wrong, set it right within ${limits.clockAheadHoldMs / MINUTE} minutes: until then no key is destroyed by age.`,
    });
  }

  // Not a time that may be false.
  #keep(wallMs: number): void {
    if (this.#held || wallMs < this.#keptMs + limits.clockBackMs) return;
    this.#keptMs = wallMs;
    this.#put(FACT, String(wallMs));
  }

  // What failed is put again when there is something to say.
  #put(name: string, value: string): void {
    const { commit, statements } = this.#store;
    const failed = () => {
      this.#keptMs = Number.NEGATIVE_INFINITY;
    };
    commit.stageLazily(() => statements.putMeta.run(name, value), failed);
  }
}
