import { readFileSync, writeFileSync } from 'node:fs';
import type { Log } from '../env/log.ts';
import { messageOf } from '../errors.ts';
import type { MemoryStatus } from '../observe/status.ts';
import { onUnguarded, secretMemory } from '../secret/secret-pool.ts';

const CORE_FILTER = '/proc/self/coredump_filter';

const NOT_LOCKED = {
  code: 'host.memory_not_locked',
  reason: 'the system does not let all memory for secrets be locked: it may be written to swap',
  remedy: 'Raise the limit (LimitMEMLOCK= of the unit, or ulimit -l), or run without swap.',
};
const NO_MORE = {
  code: 'host.memory_not_guarded',
  reason: 'there is no more guarded memory: some secrets lie in ordinary memory',
  remedy: 'Restart the agent, and report this message with what `keyferry status --json` says of memory.',
};
const CORES = {
  code: 'host.core_filter',
  reason: 'memory could not be taken out of core dumps',
  remedy: 'Forbid core dumps (LimitCORE=0 of the unit, or ulimit -c 0).',
};

/**
 * Takes the memory of this process and of the programs that it will start out of the core dumps that the kernel writes: what OpenSSL, Node.js
 * and V8 have of secrets, we can't guard. Tells the log of this and of all that is not guarded as it should be.
 */
export function guardMemory(log: Log, coreFilter = CORE_FILTER): void {
  try {
    writeFileSync(coreFilter, '0');
  } catch (thrown) {
    log.warn('agent.memory_unguarded', { ...CORES, reason: `${CORES.reason}: ${messageOf(thrown)}` });
  }
  onUnguarded(() => {
    for (const fault of faults()) if (fault !== CORES) log.warn('agent.memory_unguarded', fault);
  });
}

export function memoryStatus(): MemoryStatus {
  const { guarded, unlocked, ordinary, used } = secretMemory();
  return {
    used_bytes: used,
    guarded_bytes: guarded,
    unlocked_bytes: unlocked,
    unguarded_bytes: ordinary,
    in_core_dumps: inCoreDumps(),
  };
}

/** What is not as it should be, for people. */
export function memoryWarnings(): string[] {
  return faults().map(({ reason, remedy }) => `${reason}. ${remedy}`);
}

function faults() {
  const { unlocked, ordinary } = secretMemory();
  return [
    ...(unlocked > 0 ? [NOT_LOCKED] : []),
    ...(ordinary > 0 ? [NO_MORE] : []),
    ...(inCoreDumps() ? [CORES] : []),
  ];
}

function inCoreDumps(): boolean {
  try {
    return Number.parseInt(readFileSync(CORE_FILTER, 'utf8'), 16) !== 0;
  } catch {
    return true;
  }
}
