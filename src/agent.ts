import { openDoors } from './agent/doors.ts';
import type { Origin } from './agent/origin.ts';
import { buildParts, type Closing } from './agent/parts.ts';
import { type Reloaded, reload } from './agent/reload.ts';
import { describe } from './agent/status.ts';
import type { World } from './agent/world.ts';
import type { Log } from './env/log.ts';
import { type AgentError, messageOf } from './errors.ts';
import type { RelayResult } from './kma/relay-source.ts';
import type { Status } from './observe/status.ts';

export type Agent = {
  status(): Status;
  /** Relays fresh KMA-keys of 256 bits to another KMA. @throws AgentError `relay.…` */
  relay(destination: string, keys: number): Promise<RelayResult>;
  /** Reads the configuration and the files that it names anew. @throws AgentError `configuration.…`, and then everything is as it was */
  reload(): Promise<Reloaded>;
  /** Stops taking key, ends what is under way, closes the store. */
  stop(): Promise<void>;
};

/**
 * Builds the agent's parts from a configuration and starts them, the store first and the doors last.
 * @param onBroken an invariant of ours does not hold, or the disk has failed: the process must end
 * @param onZeroized all key is destroyed and who asked for it has been told: the process must end
 * @throws AgentError; what was started by then is stopped
 */
export async function startAgent(
  world: World,
  origin: Origin,
  log: Log,
  onBroken: (error: AgentError) => void,
  onZeroized: () => void,
): Promise<Agent> {
  const closings: Closing[] = [];
  const stop = async () => {
    for (const close of closings.splice(0).reverse()) {
      try {
        await close();
      } catch (thrown) {
        log.error('agent.stop_failed', { reason: messageOf(thrown) });
      }
    }
  };
  try {
    const parts = buildParts(world, origin, log, closings, onBroken);
    await openDoors(parts, parts.log, closings, onBroken, onZeroized);
    const { source } = parts.relay;
    return {
      status: () => describe(parts),
      relay: (to, keys) => source.relay(to, keys),
      reload: () => reload(parts, parts.log),
      stop,
    };
  } catch (thrown) {
    await stop();
    throw thrown;
  }
}
