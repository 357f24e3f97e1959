import pino from 'pino';
import type { Log, LogFields } from '../env/log.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** The lines of some weight and more. */
export type LeveledLog = Log & {
  /** For this log and all that were made of it. */
  setLevel(level: LogLevel): void;
};

const WEIGHTS = { debug: 0, info: 1, warn: 2, error: 3 } as const;

/**
 * JSON lines, written at once (pino: the best-kept logger; no worker, so that it also runs in one binary).
 * @param fd standard output, or standard error where the output is an answer
 */
export function createLog(level: LogLevel, fd: 1 | 2 = 1): LeveledLog {
  const destination = pino.destination({ fd, sync: true });
  // A full disk or a reader that went away must not stop the agent: the line is lost, and the next one is tried.
  destination.on('error', () => {});
  const root = pino(
    {
      level: 'debug',
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
  // pino's own would be that of each child by itself.
  let least: number = WEIGHTS[level];
  const setLevel = (next: LogLevel) => {
    least = WEIGHTS[next];
  };
  return { ...wrap(root, () => least), setLevel };
}

function wrap(logger: pino.Logger, least: () => number): Log {
  const at = (level: LogLevel) => (event: string, fields?: LogFields) => {
    if (WEIGHTS[level] >= least()) logger[level]({ ...fields, event });
  };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    with: (fields) => wrap(logger.child(fields), least),
  };
}
