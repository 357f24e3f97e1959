import { limits } from '../limits.ts';
import { SecretBytes } from '../secret/secret-bytes.ts';
import type { Block } from './block.ts';
import type { OpenBlocks } from './open-blocks.ts';
import type { Pool } from './pool.ts';
import type { Sealer } from './seal.ts';
import type { Statements } from './statements.ts';

/**
 * The secrets under which KSA-key IDs are sealed: for each pool and direction a few epochs, each named by the number of the block whose
 * KMA-key became the secret. The part that writes runs inside a transaction, the part that keeps when it is durable.
 */
export class IdSecrets {
  readonly #sealer: Sealer;
  readonly #statements: Statements;

  constructor(sealer: Sealer, statements: Statements) {
    this.#sealer = sealer;
    this.#statements = statements;
  }

  load(poolOf: (remote: string) => Pool): void {
    for (const row of this.#statements.selectIdSecrets.all()) {
      const { pool, own, epoch } = row as { pool: string; own: number; epoch: number };
      const secret = this.#sealer.open(placeOfSecret(pool, own === 1, epoch), row['sealed'] as Uint8Array);
      poolOf(pool)
        .secrets(own === 1)
        .set(epoch, secret);
    }
  }

  /** The KMA-key at `unit`, as a secret that the caller owns. @param key of the whole block, only lent */
  static of(key: Buffer, unit: number): SecretBytes {
    return SecretBytes.copyOf(key.subarray(unit * limits.unitBytes, (unit + 1) * limits.unitBytes));
  }

  /** The same of a live block, as it is stored. */
  unitOf(open: OpenBlocks, block: Block, unit: number): SecretBytes {
    return open.lendWhole(block, (key) => IdSecrets.of(key, unit));
  }

  write(pool: Pool, own: boolean, epoch: number, secret: SecretBytes): void {
    const sealed = this.#sealer.seal(placeOfSecret(pool.remote, own, epoch), secret.view());
    this.#statements.putIdSecret.run(pool.remote, own ? 1 : 0, epoch, sealed);
  }

  /** Takes ownership of `secret`. */
  keep(pool: Pool, own: boolean, epoch: number, secret: SecretBytes): void {
    this.drop(pool, own, epoch);
    pool.secrets(own).set(epoch, secret);
  }

  erase(pool: Pool, own: boolean, epoch: number): void {
    this.#statements.deleteIdSecret.run(pool.remote, own ? 1 : 0, epoch);
  }

  dropAll(pool: Pool, own: boolean): void {
    for (const secret of pool.secrets(own).values()) secret.wipe();
    pool.secrets(own).clear();
  }

  drop(pool: Pool, own: boolean, epoch: number): void {
    pool.secrets(own).get(epoch)?.wipe();
    pool.secrets(own).delete(epoch);
  }
}

/** The oldest epochs, of which there are too many. */
export function surplusEpochs(pool: Pool, own: boolean): number[] {
  const known = [...pool.secrets(own).keys()];
  const most = own ? limits.ownIdEpochsMax : limits.theirIdEpochsMax;
  return known.slice(0, Math.max(0, known.length - most));
}

/** What a sealed secret is bound to. */
export function placeOfSecret(remote: string, own: boolean, epoch: number): string {
  return `ID secret ${remote} ${own ? 'own' : 'their'} ${epoch}`;
}
