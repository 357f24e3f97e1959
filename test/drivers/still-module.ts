import { BlockSource } from '../../src/simulator/block-source.ts';
import { SimulatedModule } from '../../src/simulator/simulated-module.ts';

/** Blocks that a still module has. */
export const BLOCKS = 12;

/** A simulated module whose wall clock stands: each new one has the same blocks 1 to `BLOCKS`, without the first `told`. */
export function stillModule(write: (frame: Buffer) => void, told: number) {
  const link = { seed: Buffer.of(7), linkId: 'L1' };
  const source = new BlockSource({ ...link, blockBytes: 300, blocksPerSecond: 1, startMs: 0 });
  const identity = {
    moduleId: 'still-1',
    linkId: 'L1',
    role: 'tx',
    firmwareVersion: 'still',
    maxBlockBytes: 300,
  } as const;
  const module = new SimulatedModule(
    {
      identity,
      source,
      bufferBlocks: BLOCKS,
      qber: 0.02,
      skr: 1_000,
      corruptEvery: 0,
      startWallMs: (1 + told) * 1_000,
    },
    write,
  );
  return {
    start: () => module.start(),
    stop: () => module.stop(),
    receive: (chunk: Uint8Array) => module.receive(chunk, performance.now()),
    turn: () => module.tick(performance.now(), BLOCKS * 1_000),
    get status() {
      return module.status;
    },
  };
}
