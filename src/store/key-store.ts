import type { DatabaseSync } from 'node:sqlite';
import type { Clock } from '../env/clock.ts';
import type { Entropy } from '../env/entropy.ts';
import type { Log } from '../env/log.ts';
import { assert } from '../errors.ts';
import { limits } from '../limits.ts';
import { SecretBytes } from '../secret/secret-bytes.ts';
import { Block, type Origin, unitsIn } from './block.ts';
import { openDatabase, readMeta } from './database.ts';
import { GroupCommit } from './group-commit.ts';
import { OpenBlocks } from './open-blocks.ts';
import { Pool } from './pool.ts';
import { Sealer } from './seal.ts';
import { prepareStatements, type Statements } from './statements.ts';

export type KeyStoreOptions = {
  readonly path: string;
  readonly kmaId: string;
  /** 32 bytes, only lent. */
  readonly nodeKey: SecretBytes;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly log: Log;
};

export type NewBlock = {
  readonly remote: string;
  readonly own: boolean;
  readonly number: number;
  readonly origin: Origin;
  readonly state: 'received' | 'ready';
  readonly first: number;
  readonly epoch: number;
};

/**
 * The blocks of all pools: sealed on disk, their life in memory and on disk alike. Promises resolve when what they stand for is
 * durable. Allocation (burn before use) is in allocator.ts.
 */
export class KeyStore {
  readonly storeId: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly commit: GroupCommit;
  readonly statements: Statements;
  readonly open: OpenBlocks;
  readonly #db: DatabaseSync;
  readonly #sealer: Sealer;
  readonly #pools = new Map<string, Pool>();
  readonly #inserting = new Set<string>();
  readonly #entropy: Entropy;
  #inserted = 0;

  constructor(options: KeyStoreOptions) {
    this.clock = options.clock;
    this.log = options.log;
    this.#entropy = options.entropy;
    this.#sealer = new Sealer(options.nodeKey, options.entropy);
    this.#db = openDatabase(options.path, options.kmaId, this.#sealer, options.entropy.uuid());
    this.storeId = readMeta(this.#db, 'store_id') ?? '';
    this.statements = prepareStatements(this.#db);
    this.commit = new GroupCommit(this.#db, options.path, options.clock);
    this.open = new OpenBlocks(this.#sealer, this.statements);
    this.#load();
  }

  pool(remote: string): Pool {
    let pool = this.#pools.get(remote);
    if (pool === undefined) {
      pool = new Pool(remote);
      this.#pools.set(remote, pool);
    }
    return pool;
  }

  /** Whether this block is or was here. */
  known(remote: string, own: boolean, number: number): boolean {
    return this.statements.selectKnown.get(remote, own ? 1 : 0, number) !== undefined;
  }

  /**
   * Adds a block. When it begins an epoch (`epoch` is its own number and it is ready), the unit at `first` becomes the ID secret and is spent.
   * @param bytes whole units are kept; only lent
   * @returns `known` when the block is or was here, durably; `underway` when it is on its way in
   */
  async insert(block: NewBlock, bytes: SecretBytes): Promise<Block | 'known' | 'underway'> {
    const name = `${block.remote} ${block.own} ${block.number}`;
    if (this.#inserting.has(name)) return 'underway';
    if (this.known(block.remote, block.own, block.number)) return 'known';
    this.#inserting.add(name);
    try {
      return await this.#insertNew(block, bytes);
    } finally {
      this.#inserting.delete(name);
    }
  }

  async #insertNew(block: NewBlock, bytes: SecretBytes): Promise<Block> {
    const units = unitsIn(bytes.length);
    assert(units > 0 && units <= limits.blockUnitsMax, 'a block holds at least one KMA-key');
    const begins = block.state === 'ready' && block.epoch === block.number;
    const first = begins ? block.first + 1 : block.first;
    const row = {
      pool: block.remote,
      own: block.own ? 1 : 0,
      number: block.number,
      origin: block.origin,
      state: block.state,
      units,
      first,
      epoch: block.epoch,
      created_ms: this.clock.wallMs(),
    };
    const key = bytes.view().subarray(0, units * limits.unitBytes);
    const sealed = this.#sealer.seal(new Block({ ...row, id: 0 }).place, key);
    const secret = begins ? this.#secretAt(key, block.first) : undefined;
    let id = 0;
    await this.commit.stage(() => {
      const { lastInsertRowid } = this.statements.insertBlock.run(
        ...[
          row.pool,
          row.own,
          row.number,
          row.origin,
          row.state,
          row.units,
          row.first,
          row.epoch,
          row.created_ms,
        ],
      );
      id = Number(lastInsertRowid);
      this.statements.insertKey.run(id, sealed);
      if (secret !== undefined) this.#writeSecret(block.remote, block.own, block.number, secret);
      this.#prune(id);
    });
    const added = new Block({ ...row, id });
    if (secret !== undefined) this.#keepSecret(block.remote, block.own, block.number, secret);
    this.pool(block.remote).add(added);
    return added;
  }

  /** Both ends have proved to hold the same bits: the block's units from `first` on are for use. */
  async markReady(block: Block, first: number, epoch: number): Promise<void> {
    const begins = epoch === block.number;
    const secret = begins ? this.#secretAt(this.open.view(block), first) : undefined;
    const usable = begins ? first + 1 : first;
    await this.commit.stage(() => {
      this.statements.setReady.run(usable, epoch, block.id);
      if (secret !== undefined) this.#writeSecret(block.pool, block.own, block.number, secret);
    });
    if (secret !== undefined) this.#keepSecret(block.pool, block.own, block.number, secret);
    block.first = usable;
    block.epoch = epoch;
    block.burntTo = Math.max(block.burntTo, usable);
    block.next = Math.max(block.next, usable);
    block.state = 'ready';
    this.pool(block.pool).enqueue(block);
  }

  /** Destroys the key of a block. Its row stays, so that the block is known when it comes again. */
  async destroy(block: Block, state: 'destroyed' | 'quarantined' = 'destroyed'): Promise<void> {
    await this.commit.stage(this.#dropping(block, state));
  }

  /** The same for blocks that are used up, where nobody waits: should it fail, the next start destroys them. */
  destroyLater(block: Block): void {
    this.commit.stageLazily(this.#dropping(block, 'destroyed'), ({ message }) => {
      this.log.error('store.destroy_failed', { block: block.place, reason: message });
    });
  }

  // Drops the block from memory at once; what comes back drops it from the disk.
  #dropping(block: Block, state: 'destroyed' | 'quarantined'): () => void {
    this.pool(block.pool).drop(block);
    block.state = state;
    this.open.forget(block);
    return () => {
      this.statements.deleteKey.run(block.id);
      this.statements.deleteBurntTo.run(block.id);
      this.statements.deleteBurntSet.run(block.id);
      this.statements.setState.run(state, block.id);
    };
  }

  /** The other end started anew: nothing shared with it before can be used any more. */
  async forgetPool(remote: string): Promise<void> {
    const pool = this.pool(remote);
    const blocks = [...pool.own.values(), ...pool.theirs.values()];
    for (const own of [true, false]) {
      for (const secret of pool.secrets(own).values()) secret.wipe();
      pool.secrets(own).clear();
    }
    await Promise.all([
      this.commit.stage(() => this.statements.deletePoolSecrets.run(remote)),
      ...blocks.map((block) => this.destroy(block)),
    ]);
  }

  /** A number for a new relayed block, never given before, also after a crash. */
  async takeNumber(remote: string): Promise<number> {
    const pool = this.pool(remote);
    // A new store begins somewhere new, lest it gives a number that the far end knows from before.
    if (pool.numberUpto === 0 && pool.nextNumber === 0) pool.nextNumber = this.#randomNumber();
    const number = pool.nextNumber;
    pool.nextNumber += 1;
    if (number < pool.numberUpto) return number;
    const upto = number + limits.numberStride;
    await this.commit.stage(() => this.statements.putCounter.run(remote, upto));
    pool.numberUpto = Math.max(pool.numberUpto, upto);
    return number;
  }

  meta(name: string): string | undefined {
    return readMeta(this.#db, name);
  }

  async putMeta(name: string, value: string): Promise<void> {
    await this.commit.stage(() => this.statements.putMeta.run(name, value));
  }

  /** Blocks by pool and state, tombstones included. */
  counts(): { pool: string; state: string; n: number }[] {
    return this.statements.selectCounts.all() as { pool: string; state: string; n: number }[];
  }

  /** Makes durable what is under way, wipes all key in memory and closes. */
  async close(): Promise<void> {
    await this.commit.close();
    this.open[Symbol.dispose]();
    for (const pool of this.#pools.values())
      for (const own of [true, false]) for (const secret of pool.secrets(own).values()) secret.wipe();
    this.#sealer[Symbol.dispose]();
    this.#db.close();
  }

  #load(): void {
    for (const row of this.statements.selectIdSecrets.all()) {
      const { pool, own, epoch } = row as { pool: string; own: number; epoch: number };
      const secret = this.#sealer.open(secretPlace(pool, own === 1, epoch), row['sealed'] as Uint8Array);
      this.pool(pool)
        .secrets(own === 1)
        .set(epoch, secret);
    }
    const usedUp: Block[] = [];
    for (const row of this.statements.selectLive.all()) {
      const block = new Block(row);
      this.pool(block.pool).add(block);
      if (block.state === 'ready' && block.left === 0) usedUp.push(block);
    }
    for (const block of usedUp) this.destroyLater(block);
    for (const row of this.statements.selectCounters.all()) {
      const pool = this.pool(row['name'] as string);
      pool.nextNumber = row['upto'] as number;
      pool.numberUpto = pool.nextNumber;
    }
    for (const row of this.statements.selectMaxNumber.all()) {
      const pool = this.pool(row['pool'] as string);
      pool.highestNumber = Math.max(pool.highestNumber, row['number'] as number);
    }
  }

  #randomNumber(): number {
    const bytes = Buffer.alloc(4);
    this.#entropy.fill(bytes);
    return bytes.readUInt32BE();
  }

  #secretAt(key: Buffer, unit: number): SecretBytes {
    return SecretBytes.copyOf(key.subarray(unit * limits.unitBytes, (unit + 1) * limits.unitBytes));
  }

  #writeSecret(remote: string, own: boolean, epoch: number, secret: SecretBytes): void {
    const sealed = this.#sealer.seal(secretPlace(remote, own, epoch), secret.view());
    this.statements.putIdSecret.run(remote, own ? 1 : 0, epoch, sealed);
    const epochs = [...this.pool(remote).secrets(own).keys()];
    for (const old of epochs.slice(0, Math.max(0, epochs.length + 1 - limits.idEpochsMax)))
      this.statements.deleteIdSecret.run(remote, own ? 1 : 0, old);
  }

  #keepSecret(remote: string, own: boolean, epoch: number, secret: SecretBytes): void {
    const secrets = this.pool(remote).secrets(own);
    secrets.get(epoch)?.wipe();
    secrets.delete(epoch);
    secrets.set(epoch, secret);
    for (const [old, oldSecret] of secrets) {
      if (secrets.size <= limits.idEpochsMax) break;
      oldSecret.wipe();
      secrets.delete(old);
    }
  }

  #prune(newestId: number): void {
    this.#inserted += 1;
    if (this.#inserted % limits.tombstonePruneEvery !== 0) return;
    this.statements.pruneBlocks.run(newestId - limits.tombstonesMax);
    this.statements.pruneBurns.run();
  }
}

function secretPlace(remote: string, own: boolean, epoch: number): string {
  return `ID secret ${remote} ${own ? 'own' : 'their'} ${epoch}`;
}
