import type { Framing } from '../../firmware-bridge/lines.ts';
import { systemEntropy as entropy } from '../../src/node/entropy.ts';
import { SecretBytes } from '../../src/secret/secret-bytes.ts';
import { BlockSource } from '../../src/simulator/block-source.ts';
import { SimulatedModule } from '../../src/simulator/simulated-module.ts';

/** Blocks that a still module has. */
export const BLOCKS = 12;
const TURN_MS = 20;

/** What its blocks come from. */
export const stillLink = {
  seed: Buffer.of(7),
  linkId: 'ab',
  blockBytes: 300,
  blocksPerSecond: 1,
  startMs: 0,
};

/**
 * A simulated module whose wall clock stands: each new one has the same blocks 1 to `BLOCKS`, without the first `told`.
 * @param moduleKey becomes the module's
 */
export function stillModule(
  write: (frame: Buffer) => void,
  told: number,
  moduleKey?: SecretBytes,
  framing?: Framing,
) {
  const source = new BlockSource(stillLink);
  const identity = {
    moduleId: 'still-1',
    linkId: stillLink.linkId,
    role: 'tx',
    firmwareVersion: 'still',
    maxBlockBytes: stillLink.blockBytes,
  } as const;
  const module = new SimulatedModule(
    {
      identity,
      moduleKey,
      entropy,
      source,
      bufferBlocks: BLOCKS,
      qber: 0.02,
      skr: 1_000,
      corruptEvery: 0,
      startWallMs: (1 + told) * 1_000,
      ...(framing && { framing }),
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

/** Still modules behind a port that is plugged in and out: each goes on where the one before was told to forget. */
export class PluggedModule {
  readonly #moduleKey: Buffer | undefined;
  #module: ReturnType<typeof stillModule> | undefined;
  #toldBefore = 0;
  #ticking: NodeJS.Timeout | undefined;

  constructor(moduleKey?: Buffer) {
    this.#moduleKey = moduleKey;
  }

  /** Blocks that it was told of, over all pluggings. */
  get told(): number {
    const { stored, refused } = this.#module?.status ?? { stored: 0, refused: 0 };
    return this.#toldBefore + stored + refused;
  }

  plug(write: (bytes: Buffer) => void, framing?: Framing): void {
    const key = this.#moduleKey && SecretBytes.copyOf(this.#moduleKey);
    const module = stillModule(write, this.#toldBefore, key, framing);
    this.#module = module;
    this.#ticking = setInterval(() => module.turn(), TURN_MS);
    module.start();
  }

  receive(bytes: Uint8Array): void {
    this.#module?.receive(bytes);
  }

  unplug(): void {
    clearInterval(this.#ticking);
    this.#toldBefore = this.told;
    this.#module?.stop();
    this.#module = undefined;
  }
}
