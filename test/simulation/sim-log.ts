import type { Log, LogFields } from '../../src/env/log.ts';
import { violate } from './key-ledger.ts';

/** What an agent logs only when something is wrong with it, and not with the world around it. */
const NEVER = /^(us\.|store\.(block_damaged|rolled_back)|kma\.block\.damaged|agent\.stop_failed)/;
const NEVER_CODES = /^(us\.|host\.store_(damaged|format|key_missing)|configuration\.)/;

/** Whether an agent may never end with this code. */
export function isNever(code: string): boolean {
  return NEVER_CODES.test(code);
}

/** The log of an agent. @param write gets what is worth a line, and says whether the agent still lives */
export function simLog(write: (event: string, details: string) => boolean, fields: LogFields = {}): Log {
  const at = (level: string) => (event: string, more?: LogFields) => {
    const all = { ...fields, ...more };
    if (!write(`${level} ${event}`, wordsOf(all)) || level !== 'error') return;
    if (NEVER.test(event) || isNever(String(all['code'] ?? '')))
      violate('an agent is sound', `${event} ${wordsOf(all)}`);
  };
  return {
    debug: () => {},
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    with: (more) => simLog(write, { ...fields, ...more }),
  };
}

function wordsOf(fields: LogFields): string {
  return Object.entries(fields)
    .filter(([name, value]) => value !== undefined && name !== 'remedy')
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
}
