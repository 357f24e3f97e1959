import { systemWorld } from '../../src/agent/world.ts';
import { startAgent } from '../../src/agent.ts';
import { loadConfig } from '../../src/config/load.ts';
import { createLog } from '../../src/node/log.ts';
import { serve } from './processes.ts';

/** First the configuration of the source's node; then rounds, or how much pad it has. */
export type SourceMessage =
  | { readonly what: 'start'; readonly config: string }
  | { readonly what: 'pad'; readonly peer: string }
  | { readonly what: 'relays'; readonly keys: number; readonly inFlight: number; readonly ms: number };

let agent: Awaited<ReturnType<typeof startAgent>> | undefined;

serve(async (message: SourceMessage) => {
  if (message.what === 'start') {
    const fail = (error: Error): never => {
      throw error;
    };
    agent = await startAgent(
      systemWorld,
      { config: loadConfig(message.config) },
      createLog('error'),
      fail,
      () => {},
    );
    return null;
  }
  if (agent === undefined) throw new Error('not started');
  if (message.what === 'pad')
    return agent.status().pools.find((pool) => pool.kma_id === message.peer)?.own_keys ?? 0;
  return relaysPerSecond(agent, message);
});

async function relaysPerSecond(
  source: NonNullable<typeof agent>,
  { keys, inFlight, ms }: Extract<SourceMessage, { what: 'relays' }>,
): Promise<number> {
  const startMs = performance.now();
  let done = 0;
  const one = async () => {
    while (performance.now() - startMs < ms) {
      await source.relay('C', keys);
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, one));
  return (done * 1_000) / (performance.now() - startMs);
}
