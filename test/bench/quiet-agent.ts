import { openDoors } from '../../src/agent/doors.ts';
import type { WholeAgent } from '../../src/agent/neighbours.ts';
import { buildParts } from '../../src/agent/parts.ts';
import { systemWorld } from '../../src/agent/world.ts';
import { loadConfig } from '../../src/config/load.ts';
import { createLog } from '../../src/node/log.ts';

/** The agent as `keyferry run` builds it, which logs errors alone and ends with its process. */
export async function startQuietAgent(config: string): Promise<WholeAgent> {
  const fail = (error: Error): never => {
    throw error;
  };
  const log = createLog('error');
  const parts = buildParts(systemWorld, { config: loadConfig(config) }, log, [], fail);
  await openDoors(parts, parts.log, [], fail, () => {});
  return parts;
}
