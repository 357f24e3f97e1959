import type { AgentParts } from '../../src/agent/status.ts';
import { copied } from '../../src/kx/codec/slots.ts';
import { SecretBytes } from '../../src/secret/secret-bytes.ts';
import { serve } from './processes.ts';
import { startQuietAgent } from './quiet-agent.ts';
import { linkBlock } from './transit-key.ts';

/** `stock`: link blocks from `first` on, of A's direction towards A and of our own towards C, in place of those of before. `used`: CPU time and copies so far. */
export type NodeMessage =
  | { readonly what: 'start'; readonly config: string }
  | { readonly what: 'stock'; readonly first: number; readonly blocks: number }
  | { readonly what: 'used' };
export type Used = { readonly cpuMs: number; readonly copiedBytes: number; readonly forwarded: number };

let parts: AgentParts | undefined;

serve(async (message: NodeMessage) => {
  if (message.what === 'start') return start(message.config);
  if (message.what === 'stock') return stock(message.first, message.blocks);
  const { user, system } = process.cpuUsage();
  const forwarded = parts!.relay.transit.stats.forwarded;
  return { cpuMs: (user + system) / 1_000, copiedBytes: copied.bytes, forwarded } satisfies Used;
});

/** The agent as `keyferry run` builds it. */
async function start(config: string): Promise<number | null> {
  parts = await startQuietAgent(config);
  return parts.ports.kx;
}

async function stock(first: number, blocks: number): Promise<null> {
  const { store } = parts!;
  for (const remote of ['A', 'C'])
    for (const own of [true, false]) {
      const { [own ? 'own' : 'theirs']: before } = store.pool(remote);
      await Promise.all([...before.values()].map((block) => store.destroy(block, 'ordered')));
    }
  for (let number = first; number < first + blocks; number++) {
    const block = { number, origin: 'link', state: 'ready', first: 0, epoch: 0 } as const;
    using bytes = SecretBytes.adopt(linkBlock(number));
    await store.insert({ ...block, remote: 'A', own: false }, bytes);
    await store.insert({ ...block, remote: 'C', own: true }, bytes);
  }
  return null;
}
