import type { AuditEvent } from '../env/audit.ts';
import type { Clock } from '../env/clock.ts';
import { limits } from '../limits.ts';

type Sum = { readonly event: AuditEvent; count: number; keys: number };

/**
 * Events that somebody outside can cause as often as they like: the first is put on record at once, those like it together when a window has
 * passed. So nobody drives the older part of the trail out by doing the same thing for ever, nor by doing it in ever new words.
 */
export class Sums {
  readonly #clock: Clock;
  readonly #record: (event: AuditEvent) => void;
  readonly #sums = new Map<string, Sum>();
  /** Different ones by name and origin. */
  readonly #kinds = new Map<string, number>();
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, record: (event: AuditEvent) => void) {
    this.#clock = clock;
    this.#record = record;
  }

  add(event: AuditEvent): void {
    const { name, kept } = this.#keep(event);
    const known = this.#sums.get(name);
    if (known !== undefined) {
      known.count += event.count ?? 1;
      known.keys += event.keys ?? 0;
      return;
    }
    this.#sums.set(name, { event: kept, count: 0, keys: 0 });
    this.#record(kept);
    this.#cancel ??= this.#clock.after(limits.auditSumMs, () => {
      this.#cancel = undefined;
      this.#close();
    });
  }

  /** Puts on record what has come together. */
  flush(): void {
    for (const sum of this.#sums.values()) this.#give(sum);
  }

  stop(): void {
    this.#cancel?.();
    this.flush();
  }

  // Beyond the bounds, the details go, and then the origin.
  #keep(event: AuditEvent): { name: string; kept: AuditEvent } {
    const name = nameOf(event);
    if (this.#sums.has(name)) return { name, kept: event };
    const { what, who, outcome, keys, count } = event;
    const origin = `${what} ${who}`;
    const kinds = this.#kinds.get(origin) ?? 0;
    if (kinds < limits.auditSumKindsMax && this.#sums.size < limits.auditSumsMax) {
      this.#kinds.set(origin, kinds + 1);
      return { name, kept: event };
    }
    const from = this.#sums.size < limits.auditSumsMax ? who : 'others';
    const kept = { what, who: from, outcome, keys, count, reason: 'others of its kind' };
    return { name: nameOf(kept), kept };
  }

  #close(): void {
    for (const [name, sum] of this.#sums) {
      if (sum.count === 0) this.#sums.delete(name);
      this.#give(sum);
    }
    this.#kinds.clear();
    for (const { event } of this.#sums.values()) {
      const origin = `${event.what} ${event.who}`;
      this.#kinds.set(origin, (this.#kinds.get(origin) ?? 0) + 1);
    }
    if (this.#sums.size === 0) return;
    this.#cancel = this.#clock.after(limits.auditSumMs, () => {
      this.#cancel = undefined;
      this.#close();
    });
  }

  #give(sum: Sum): void {
    const { event, count, keys } = sum;
    if (count === 0) return;
    sum.count = 0;
    sum.keys = 0;
    this.#record({ ...event, count, keys: keys === 0 ? undefined : keys });
  }
}

function nameOf({ count: _count, keys: _keys, ...rest }: AuditEvent): string {
  return JSON.stringify(rest);
}
