import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type BenchContext, type Benchmark, median, type Opened } from '../../src/bench/harness.ts';
import type { LabModule } from '../../src/cli/demo/lab.ts';
import { systemDisk } from '../../src/node/disk.ts';
import { systemEntropy as entropy } from '../../src/node/entropy.ts';
import { readKeyFile } from '../../src/node/key-file.ts';
import { BlockSource } from '../../src/simulator/block-source.ts';
import { openPseudoTerminal } from '../../src/simulator/pseudo-terminal.ts';
import { SimulatedModule } from '../../src/simulator/simulated-module.ts';
import { placeLink } from '../../src/simulator/stable-link.ts';
import { startIngest } from './ingest.ts';
import { catLatency } from './ingest-far-end.ts';

type Shape = { readonly name: string; readonly blockBytes: number; readonly blocks: number };

/** Long enough that whatever a block has begun has come to rest. */
const PAUSE_MS = 50;
const OPEN_MS = 30_000;
const TICK_MS = 100;

/**
 * How long one block takes from the module's first byte to the acknowledgement, over a terminal and a channel, when the link is otherwise
 * at rest: four 256-bit keys and what proves them (a link of the slowest kind), 23 kB (what some hand over every 1.7 s), and 12.5 MB at once.
 * Against `cat`, which hands out as many bytes from the same kind of terminal and keeps nothing.
 */
export const shapeBenchmarks: readonly Benchmark[] = [
  { name: 'trickle', blockBytes: 192, blocks: 20 },
  { name: 'burst', blockBytes: 23_000, blocks: 20 },
  { name: 'long', blockBytes: 12_500_000, blocks: 1 },
].map((shape) => ({
  name: `ingest-${shape.name}`,
  unit: 'ms a block',
  better: 'less',
  target: null,
  open: (context) => open(context, shape),
}));

async function open(_: BenchContext, { blockBytes, blocks }: Shape): Promise<Opened> {
  const { lab, close } = await startIngest(() => undefined);
  const module = await plug(lab.modules.find(({ kmaId }) => kmaId === 'A')!, blockBytes);
  const pieces = Array.from({ length: blocks }, () => randomBytes(blockBytes));
  return {
    sides: [
      { name: 'keyferry', measure: async () => median(await module.deliver(blocks)) },
      { name: 'cat', measure: async () => median(await catLatency(pieces, PAUSE_MS)) },
    ],
    async close() {
      await close();
      await module.close();
    },
  };
}

/** A module at the far end of a terminal that has a block when it is told to. */
async function plug({ tty, key, linkId }: LabModule, blockBytes: number) {
  let changed = (): void => {};
  const terminal = await openPseudoTerminal({
    onData: (chunk) => {
      module.receive(chunk, performance.now());
      changed();
    },
    onLost: () => {},
  });
  const module: SimulatedModule = new SimulatedModule(
    {
      identity: { moduleId: 'bench', linkId, role: 'tx', firmwareVersion: '1', maxBlockBytes: blockBytes },
      moduleKey: readKeyFile(systemDisk, key, 'module_key'),
      entropy,
      source: new BlockSource({ seed: Buffer.of(1), linkId, blockBytes, blocksPerSecond: 1, startMs: 0 }),
      bufferBlocks: 4,
      qber: 0.02,
      skr: 0,
      corruptEvery: 0,
      startWallMs: 0,
    },
    (bytes) => terminal.write(bytes),
  );
  let wallMs = -1;
  const ticking = setInterval(() => module.tick(performance.now(), wallMs), TICK_MS);
  await placeLink(tty, terminal.path);
  module.start();
  const until = async (done: () => boolean): Promise<void> => {
    const endMs = performance.now() + OPEN_MS;
    while (!done()) {
      if (performance.now() > endMs) throw new Error('the agent does not answer');
      await Promise.race([new Promise<void>((resolve) => (changed = resolve)), sleep(TICK_MS)]);
    }
  };
  const one = async (): Promise<number> => {
    const { stored } = module.status;
    const startMs = performance.now();
    wallMs += wallMs < 0 ? 1 : 1_000;
    module.tick(startMs, wallMs);
    await until(() => module.status.stored > stored);
    const ms = performance.now() - startMs;
    await sleep(PAUSE_MS);
    return ms;
  };
  return {
    async deliver(blocks: number): Promise<number[]> {
      await until(() => module.status.open);
      const times: number[] = [];
      for (let i = 0; i < blocks; i++) times.push(await one());
      return times;
    },
    async close(): Promise<void> {
      clearInterval(ticking);
      module.stop();
      await terminal.close();
    },
  };
}
