import type { Config } from '../config/schema.ts';
import type { Log } from '../env/log.ts';
import { AgentError } from '../errors.ts';
import { loadNodeKey, readNewNodeKey } from '../node/node-key.ts';
import type { AgentParts } from './status.ts';
import { type Zeroized, zeroize } from './zeroize.ts';

/** What a rotation did. */
export type Rotated = {
  readonly records: number;
  readonly milliseconds: number;
  /** Node keys that open the store now: 2, until the agent is given the new one. */
  readonly node_keys: number;
  readonly remedy: string;
};

/** Orders that change the node key, or end it. */
export class KeyOrders {
  readonly #parts: AgentParts;
  readonly #log: Log;
  readonly #onZeroized: () => void;
  #zeroizing: Promise<Zeroized> | undefined;
  #rotating = false;

  /** @param onZeroized the process has to end, after a moment for who asked to hear of it */
  constructor(parts: AgentParts, log: Log, onZeroized: () => void) {
    this.#parts = parts;
    this.#log = log;
    this.#onZeroized = onZeroized;
  }

  /** Resolves when no zeroization is under way. */
  async zeroized(): Promise<void> {
    await this.#zeroizing;
  }

  /** Once: who asks again gets the same answer. */
  zeroize(why: string): Promise<Zeroized> {
    this.#zeroizing ??= zeroize(this.#parts, why, this.#log).finally(this.#onZeroized);
    return this.#zeroizing;
  }

  /**
   * @param file with the node key that is to come, or its passphrase when the node key is made from one; readable by this process alone
   * @throws AgentError `configuration.…`, `node_key.rotation_under_way`
   */
  async rotate(file: string): Promise<Rotated> {
    const { config, store, clock, world } = this.#parts;
    if (this.#rotating) throw underWay();
    this.#rotating = true;
    const startMs = clock.monotonicMs();
    try {
      using now = nodeKeyOf(this.#parts);
      using next = readNewNodeKey(world.disk, config.node_key, file, config.data_directory, world.entropy);
      const records = await store.rotation.rotate(now, next);
      const milliseconds = Math.round((clock.monotonicMs() - startMs) * 10) / 10;
      this.#log.warn('agent.node_key.rotated', { records, milliseconds });
      return { records, milliseconds, node_keys: 2, remedy: howToFinish(config) };
    } finally {
      this.#rotating = false;
    }
  }
}

export function nodeKeyOf({ config, world }: AgentParts) {
  return loadNodeKey(world.disk, config.node_key, config.data_directory, world.entropy);
}

function howToFinish({ node_key }: Config): string {
  const where =
    'file' in node_key
      ? `Put the new key in the place of ${node_key.file}`
      : 'passphrase_file' in node_key
        ? `Put the new passphrase in the place of ${node_key.passphrase_file}`
        : `Make the credential ${node_key.credential} anew from the new key, and restart the agent`;
  return `${where}, then run: keyferry reload. Until then the old node key opens the store as well.`;
}

function underWay(): AgentError {
  return new AgentError('node_key.rotation_under_way', 'the node key is being rotated', {
    fault: 'application',
    remedy: 'Wait for that.',
  });
}
