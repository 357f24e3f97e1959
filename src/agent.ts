import { openDoors } from './agent/doors.ts';
import { buildParts, type Closing } from './agent/parts.ts';
import { describe } from './agent/status.ts';
import type { Config } from './config/schema.ts';
import type { Log } from './env/log.ts';
import type { InvariantError } from './errors.ts';
import type { Status } from './observe/status.ts';

export type Agent = {
  status(): Status;
  /** Stops taking key, ends what is under way, closes the store. */
  stop(): Promise<void>;
};

/**
 * Builds the agent's parts from a configuration and starts them, the store first and the doors last.
 * @param onBroken an invariant of ours does not hold: the process must end
 * @throws AgentError; what was started by then is stopped
 */
export async function startAgent(
  config: Config,
  log: Log,
  onBroken: (error: InvariantError) => void,
): Promise<Agent> {
  const closings: Closing[] = [];
  const stop = async () => {
    for (const close of closings.splice(0).reverse()) await close();
  };
  try {
    const parts = buildParts(config, log, closings);
    await openDoors(parts, log, closings, onBroken);
    return { status: () => describe(parts), stop };
  } catch (thrown) {
    await stop();
    throw thrown;
  }
}
