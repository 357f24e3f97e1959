import pino from 'pino';
import type { Log, LogFields } from '../env/log.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** JSON lines on standard output, written at once (pino: the best-kept logger; no worker, so that it also runs in one binary). */
export function createLog(level: LogLevel): Log {
  const destination = pino.destination({ fd: 1, sync: true });
  // A full disk or a reader that went away must not stop the agent: the line is lost, and the next one is tried.
  destination.on('error', () => {});
  const root = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
  return wrap(root);
}

function wrap(logger: pino.Logger): Log {
  const at = (level: LogLevel) => (event: string, fields?: LogFields) => logger[level]({ ...fields, event });
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    with: (fields) => wrap(logger.child(fields)),
  };
}
