import type { Clock } from '../env/clock.ts';
import type { Log, LogFields } from '../env/log.ts';
import { limits } from '../limits.ts';

type Tally = { sinceMs: number; lines: number; leftOut: number };

/**
 * A log into which nobody can write as much as they like: of one event of one peer or link there are so many lines a second, and the next line
 * says how many were left out. Lines are written at once, on the one thread that does all else.
 */
export function sparing(log: Log, clock: Clock): Log {
  const tallies = new Map<string, Tally>();
  const wrap = (inner: Log, about: string): Log => {
    const say = (level: 'info' | 'warn' | 'error') => (event: string, fields?: LogFields) => {
      const name = `${event} ${about} ${aboutOf(fields)}`;
      const now = clock.monotonicMs();
      const tally = tallies.get(name);
      if (tally !== undefined && now - tally.sinceMs < limits.logSpareMs) {
        tally.lines += 1;
        if (tally.lines <= limits.logLinesMax) inner[level](event, fields);
        else tally.leftOut += 1;
        return;
      }
      const leftOut = tally?.leftOut ?? 0;
      // Names are those of events and of what is configured; should they be more, the oldest tally goes.
      if (tally === undefined && tallies.size >= limits.logTalliesMax)
        tallies.delete(tallies.keys().next().value!);
      tallies.set(name, { sinceMs: now, lines: 1, leftOut: 0 });
      inner[level](event, leftOut === 0 ? fields : { ...fields, left_out: leftOut });
    };
    return {
      // Nobody runs a node at this level for long, and who does wants to see all.
      debug: (event, fields) => inner.debug(event, fields),
      info: say('info'),
      warn: say('warn'),
      error: say('error'),
      with: (fields) => wrap(inner.with(fields), aboutOf(fields) || about),
    };
  };
  return wrap(log, '');
}

/** Whom a line is about: one who fills the log hides no lines about others. */
function aboutOf(fields: LogFields = {}): string {
  return String(fields['peer'] ?? fields['link'] ?? '');
}
