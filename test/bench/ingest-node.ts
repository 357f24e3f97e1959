import type { AgentParts } from '../../src/agent/status.ts';
import { serve } from './processes.ts';
import { startQuietAgent } from './quiet-agent.ts';

export type IngestMessage = { readonly what: 'start'; readonly config: string } | { readonly what: 'used' };
/** So far: processor time, key stored and acknowledged. Now: memory of the whole process. */
export type Ingested = { readonly cpuMs: number; readonly keyBytes: number; readonly memoryBytes: number };

const REMOTE = 'B';
const USE_MS = 100;
/** Blocks that are left in the store. */
const KEPT = 16;

let parts: AgentParts | undefined;

serve(async (message: IngestMessage) => {
  if (message.what === 'start') return start(message.config);
  const { user, system } = process.cpuUsage();
  return {
    cpuMs: (user + system) / 1_000,
    keyBytes: parts!.links.get(REMOTE)!.acquire.stats.bytes,
    memoryBytes: process.memoryUsage.rss(),
  } satisfies Ingested;
});

/** The agent as `keyferry run` builds it, and somebody who uses its key as fast as it comes. */
async function start(config: string): Promise<null> {
  parts = await startQuietAgent(config);
  const { store } = parts;
  setInterval(() => {
    const { own, theirs } = store.pool(REMOTE);
    for (const blocks of [own, theirs])
      for (const block of [...blocks.values()].slice(0, -KEPT)) void store.destroy(block, 'ordered');
  }, USE_MS);
  return null;
}
