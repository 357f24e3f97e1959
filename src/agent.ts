import { openDoors } from './agent/doors.ts';
import { buildParts, type Closing } from './agent/parts.ts';
import { describe } from './agent/status.ts';
import type { Config } from './config/schema.ts';
import type { Log } from './env/log.ts';
import type { InvariantError } from './errors.ts';
import type { RelayResult } from './kma/relay-source.ts';
import type { Status } from './observe/status.ts';

export type Agent = {
  status(): Status;
  /** Relays fresh KMA-keys of 256 bits to another KMA. @throws AgentError `relay.…` */
  relay(destination: string, keys: number): Promise<RelayResult>;
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
    const { source } = parts.relay;
    return { status: () => describe(parts), relay: (to, keys) => source.relay(to, keys), stop };
  } catch (thrown) {
    await stop();
    throw thrown;
  }
}
