import type { Log, LogFields } from '../env/log.ts';

/** What drivers log when a module cannot be had. */
const TROUBLES = new Set(['module.port-unavailable', 'module.hung-up']);

/** The log of a driver: what it says of why its module cannot be had is told to `onTrouble` as well, so that status has it. */
export function troubleLog(log: Log, onTrouble: (reason: string) => void): Log {
  return {
    debug: (event, fields) => log.debug(event, fields),
    info: (event, fields) => log.info(event, fields),
    error: (event, fields) => log.error(event, fields),
    with: (fields) => troubleLog(log.with(fields), onTrouble),
    warn: (event: string, fields?: LogFields) => {
      log.warn(event, fields);
      const reason = fields?.['reason'];
      if (TROUBLES.has(event) && typeof reason === 'string') onTrouble(reason);
    },
  };
}
