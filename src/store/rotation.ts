import type { DatabaseSync } from 'node:sqlite';
import type { Entropy } from '../env/entropy.ts';
import { rethrowInvariant } from '../errors.ts';
import { SecretBytes } from '../secret/secret-bytes.ts';
import { placeOfBlock } from './block.ts';
import { keyPlace, type Standing } from './block-records.ts';
import { readMeta } from './database.ts';
import { placeOfForeign } from './foreign-keys.ts';
import type { GroupCommit } from './group-commit.ts';
import { placeOfSecret } from './id-secrets.ts';
import { Sealer } from './seal.ts';
import { type StoreKeyFile, wrongNodeKey } from './store-key.ts';

type Row = { readonly [column: string]: unknown };

/**
 * Changes the node key while the agent runs. The store gets a new key of its own, and everything that is sealed directly under that is
 * sealed anew: 32 bytes for each block, never the blocks. Until the agent is given the new node key, the old one opens the store as well.
 */
export class Rotation {
  readonly #db: DatabaseSync;
  readonly #sealer: Sealer;
  readonly #keys: StoreKeyFile;
  readonly #commit: GroupCommit;
  readonly #entropy: Entropy;

  constructor(db: DatabaseSync, sealer: Sealer, keys: StoreKeyFile, commit: GroupCommit, entropy: Entropy) {
    this.#db = db;
    this.#sealer = sealer;
    this.#keys = keys;
    this.#commit = commit;
    this.#entropy = entropy;
  }

  /**
   * @param nodeKey that opens the store now; @param next that is to; both only lent
   * @returns records sealed anew, once that is durable
   * @throws AgentError `configuration.wrong_node_key`, `host.store_write_failed`; then the store is as it was
   */
  async rotate(nodeKey: SecretBytes, next: SecretBytes): Promise<number> {
    const before = this.#id();
    this.#keys.open(before, nodeKey).key.wipe();
    const fresh = this.#keys.addNext(nodeKey, next);
    let old: SecretBytes | undefined;
    let records = 0;
    try {
      await new Promise<void>((done, failed) => {
        const write = () => {
          old = this.#sealer.replaceKey(fresh.key);
          records = this.#resealAll(old, fresh.id);
        };
        // At once, before any other transaction: what is sealed next has to be sealed under the key that the database names.
        const undo = (cause: unknown) => {
          if (old !== undefined) this.#sealer.replaceKey(old);
          fresh.key.wipe();
          failed(cause);
        };
        this.#commit.stageLazily(write, undo, done);
        this.#commit.stage(() => {}).catch(() => {});
      });
    } catch (thrown) {
      // Where a sync has failed nobody knows which of the two the disk names: both stay until the next start.
      if (this.#commit.isWhole && this.#id() === before) this.#keys.keepOnly(before);
      throw thrown;
    }
    old?.wipe();
    try {
      this.#keys.keepOnly(fresh.id);
    } catch (thrown) {
      rethrowInvariant(thrown);
      // The rotation is in force. The store key of before seals nothing any more; it goes when the store is next opened by a node key.
    }
    return records;
  }

  /** Whether this node key opens the store. Changes nothing. @throws AgentError `configuration.wrong_node_key` */
  expect(nodeKey: SecretBytes): void {
    const key = this.#keys.peek(this.#id(), nodeKey);
    if (key === undefined) throw wrongNodeKey();
    key.wipe();
  }

  /**
   * The agent has been given this node key: when it is the one that was to come, no other opens the store from now on.
   * @returns how many node keys open the store
   * @throws AgentError `configuration.wrong_node_key`
   */
  given(nodeKey: SecretBytes): number {
    this.#keys.open(this.#id(), nodeKey).key.wipe();
    return this.#keys.holders(this.#id());
  }

  #id(): string {
    return readMeta(this.#db, 'store_key') ?? '';
  }

  // Inside a transaction.
  #resealAll(old: SecretBytes, freshId: string): number {
    using opener = new Sealer(SecretBytes.copyOf(old.view()), this.#entropy);
    const blocks = this.#reseal(
      opener,
      'SELECT id AS row, pool, own, number, units, state, first, epoch, sealed_key AS sealed FROM block WHERE sealed_key IS NOT NULL',
      'UPDATE block SET sealed_key = ? WHERE id = ?',
      (row) =>
        keyPlace(placeOfBlock(row['pool'], row['own'] === 1, row['number'], row['units']), row as Standing),
    );
    const secrets = this.#reseal(
      opener,
      'SELECT rowid AS row, pool, own, epoch, sealed FROM id_secret',
      'UPDATE id_secret SET sealed = ? WHERE rowid = ?',
      (row) => placeOfSecret(row['pool'] as string, row['own'] === 1, row['epoch'] as number),
    );
    const foreign = this.#reseal(
      opener,
      'SELECT id AS row, pool, key_id, sealed FROM foreign_key WHERE sealed IS NOT NULL',
      'UPDATE foreign_key SET sealed = ? WHERE id = ?',
      (row) => placeOfForeign(row['pool'] as string, row['key_id'] as string),
    );
    this.#db.prepare("UPDATE meta SET value = ? WHERE name = 'store_key'").run(freshId);
    return blocks + secrets + foreign;
  }

  #reseal(opener: Sealer, select: string, update: string, placeOf: (row: Row) => string): number {
    const put = this.#db.prepare(update);
    const rows = this.#db.prepare(select).all() as Row[];
    for (const row of rows) {
      const place = placeOf(row);
      // One that is damaged stays so, and is put aside when it is asked for.
      using plain = opener.openIfSound(place, row['sealed'] as Uint8Array);
      if (plain === undefined) continue;
      put.run(this.#sealer.seal(place, plain.view()), row['row'] as number);
    }
    return rows.length;
  }
}
