import { readFileSync } from 'node:fs';
import { openBenchStore } from '../../src/bench/bench-store.ts';
import { systemEntropy as entropy } from '../../src/node/entropy.ts';
import { SecretBytes } from '../../src/secret/secret-bytes.ts';
import { serve } from './processes.ts';

export type OpenMessage =
  | { readonly what: 'fill'; readonly path: string; readonly blocks: number; readonly bytes: number }
  | { readonly what: 'open'; readonly path: string };
/** How long the opening took, and by how much memory of the process rose. */
export type OpenAnswer = { readonly ms: number; readonly bytes: number };

const UNDERWAY = 64;

serve(async (message: OpenMessage): Promise<OpenAnswer> => {
  if (message.what === 'fill') {
    await fill(message.path, message.blocks, message.bytes);
    return { ms: 0, bytes: 0 };
  }
  const before = memoryBytes();
  const startMs = performance.now();
  const store = openBenchStore(message.path);
  const ms = performance.now() - startMs;
  const bytes = memoryBytes() - before;
  await store.close();
  return { ms, bytes };
});

async function fill(path: string, blocks: number, bytes: number): Promise<void> {
  const store = openBenchStore(path);
  using key = SecretBytes.alloc(bytes);
  entropy.fill(key.view());
  let next = 0;
  const one = async (): Promise<void> => {
    while (next < blocks) {
      const number = next++;
      const place = { remote: 'B', own: true, number, origin: 'relay', first: 0 } as const;
      await store.insert({ ...place, state: 'ready', epoch: number === 0 ? 0 : 1 }, key);
    }
  };
  await Promise.all(Array.from({ length: UNDERWAY }, one));
  await store.close();
}

/** Pages of this process that are in memory and its own. */
function memoryBytes(): number {
  const [, , resident, shared] = /^(\d+) (\d+) (\d+)/.exec(readFileSync('/proc/self/statm', 'latin1')) ?? [];
  return (Number(resident) - Number(shared)) * 4_096;
}
