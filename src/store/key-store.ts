import type { DatabaseSync } from 'node:sqlite';
import type { Clock } from '../env/clock.ts';
import type { Entropy } from '../env/entropy.ts';
import type { Log } from '../env/log.ts';
import { type AgentError, assert } from '../errors.ts';
import { limits } from '../limits.ts';
import type { SecretBytes } from '../secret/secret-bytes.ts';
import { Block, type EndState, type NewBlock, unitsIn } from './block.ts';
import { BlockNumbers } from './block-numbers.ts';
import { openDatabase, readMeta } from './database.ts';
import { ForeignKeys } from './foreign-keys.ts';
import { GroupCommit } from './group-commit.ts';
import { IdSecrets } from './id-secrets.ts';
import { OpenBlocks } from './open-blocks.ts';
import { Pool } from './pool.ts';
import { Sealer } from './seal.ts';
import { insertBlock, prepareStatements, type Statements } from './statements.ts';
import { TheirBurns } from './their-burns.ts';

export type KeyStoreOptions = {
  readonly path: string;
  readonly kmaId: string;
  /** 32 bytes, only lent. */
  readonly nodeKey: SecretBytes;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly log: Log;
  /** The disk has failed in the middle of a sync: nobody knows what is on it, so the process must end. */
  onBroken(error: AgentError): void;
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
  readonly numbers: BlockNumbers;
  readonly foreign: ForeignKeys;
  readonly theirBurns: TheirBurns;
  readonly #db: DatabaseSync;
  readonly #sealer: Sealer;
  readonly #secrets: IdSecrets;
  readonly #pools = new Map<string, Pool>();
  readonly #inserting = new Set<string>();
  #inserted = 0;

  constructor(options: KeyStoreOptions) {
    this.clock = options.clock;
    this.log = options.log;
    this.#sealer = new Sealer(options.nodeKey, options.entropy);
    this.#db = openDatabase(options.path, options.kmaId, this.#sealer, options.entropy.uuid());
    this.storeId = readMeta(this.#db, 'store_id') ?? '';
    this.statements = prepareStatements(this.#db);
    this.commit = new GroupCommit(this.#db, options.path, options.clock, options.onBroken);
    this.open = new OpenBlocks(this.#sealer, this.statements);
    this.numbers = new BlockNumbers(this.statements, this.commit, options.entropy);
    this.foreign = new ForeignKeys(this.#db, this.#sealer, this.commit, options.clock);
    this.theirBurns = new TheirBurns(this, (remote) => this.pool(remote));
    this.#secrets = new IdSecrets(this.#sealer, this.statements);
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

  pools = (): Iterable<Pool> => this.#pools.values();

  /** Whether this block is or was here, durably. One that is on its way in is not. */
  known(remote: string, own: boolean, number: number): boolean {
    if (this.#inserting.has(nameOf(remote, own, number))) return false;
    return this.statements.selectKnown.get(remote, own ? 1 : 0, number) !== undefined;
  }

  /** Whether a block of this number would lie so far behind the newest that its tombstone may be gone. */
  longGone(remote: string, own: boolean, number: number): boolean {
    return number < this.pool(remote).highest(own) - limits.blockNumberWindow;
  }

  /**
   * Adds a block. When it begins an epoch (`epoch` is its own number and it is ready), the unit at `first` becomes the ID secret and is spent.
   * @param bytes whole units are kept; only lent
   * @returns `known` when the block is or was here, durably; `underway` when it is on its way in
   */
  async insert(block: NewBlock, bytes: SecretBytes): Promise<Block | 'known' | 'underway'> {
    this.commit.assertWhole();
    const name = nameOf(block.remote, block.own, block.number);
    if (this.#inserting.has(name)) return 'underway';
    if (this.known(block.remote, block.own, block.number)) return 'known';
    this.#inserting.add(name);
    try {
      return await this.#insertNew(block, bytes);
    } finally {
      this.#inserting.delete(name);
    }
  }

  async #insertNew(block: NewBlock, bytes: SecretBytes): Promise<Block | 'known'> {
    const units = unitsIn(bytes.length);
    assert(units > 0 && units <= limits.blockUnitsMax, 'a block holds at least one KMA-key');
    const pool = this.pool(block.remote);
    const side = block.own ? 'own' : 'theirs';
    const generation = pool.generation[side];
    const begins = block.state === 'ready' && block.epoch === block.number;
    const row = {
      pool: block.remote,
      own: block.own ? 1 : 0,
      number: block.number,
      origin: block.origin,
      state: block.state,
      units,
      first: begins ? block.first + 1 : block.first,
      epoch: block.epoch,
      created_ms: this.clock.wallMs(),
    };
    const key = bytes.view().subarray(0, units * limits.unitBytes);
    const sealed = this.#sealer.seal(new Block({ ...row, id: 0 }).place, key);
    const secret = begins ? IdSecrets.of(key, block.first) : undefined;
    let id = 0;
    await this.#committed(secret, () => {
      id = insertBlock(this.statements, row);
      this.#prune(pool, block.own);
      this.statements.insertKey.run(id, sealed);
      if (secret !== undefined) this.#secrets.write(pool, block.own, block.number, secret);
    });
    const added = new Block({ ...row, id });
    if (pool.generation[side] !== generation) {
      // The pool was forgotten meanwhile, and this block with it.
      secret?.wipe();
      this.destroyLater(added);
      return 'known';
    }
    if (secret !== undefined) this.#secrets.keep(pool, block.own, block.number, secret);
    pool.add(added);
    return added;
  }

  /** Both ends have proved to hold the same bits: the block's units from `first` on are for use. */
  async markReady(block: Block, first: number, epoch: number): Promise<void> {
    const pool = this.pool(block.pool);
    const secret = epoch === block.number ? IdSecrets.of(this.open.view(block), first) : undefined;
    const usable = secret === undefined ? first : first + 1;
    // Marked before in an epoch of its own: the KMA-key that was its ID secret is for use now, so it may not stay one.
    const revoked = block.state === 'ready' && block.epoch === block.number && epoch !== block.number;
    await this.#committed(secret, () => {
      this.statements.setReady.run(usable, epoch, block.id);
      if (revoked) this.#secrets.erase(pool, block.own, block.number);
      if (secret !== undefined) this.#secrets.write(pool, block.own, block.number, secret);
    });
    if (revoked) this.#secrets.drop(pool, block.own, block.number);
    if (block.ended) return this.#takeBack(pool, block, secret);
    if (secret !== undefined) this.#secrets.keep(pool, block.own, block.number, secret);
    block.first = usable;
    block.epoch = epoch;
    block.burntTo = Math.max(block.burntTo, usable);
    block.next = Math.max(block.next, usable);
    block.state = 'ready';
    pool.readied(block);
  }

  /** Destroys the key of a block. Its row stays, so that the block is known when it comes again. */
  async destroy(block: Block, state: EndState = 'destroyed'): Promise<void> {
    await this.commit.stage(this.#dropping(block, state));
  }

  /** The same for blocks that are used up, where nobody waits. */
  destroyLater(block: Block, state: EndState = 'destroyed'): void {
    const write = this.#dropping(block, state);
    const again = () => {
      this.commit.stageLazily(write, ({ message }) => {
        this.log.error('store.destroy_failed', { block: block.place, reason: message });
        this.clock.after(limits.destroyRetryMs, again);
      });
    };
    again();
  }

  /**
   * The other end has lost what we shared: nothing of it can be used any more.
   * @param which `own`: only the blocks that this node allocates from
   */
  async forgetPool(remote: string, which: 'all' | 'own' = 'all'): Promise<void> {
    const pool = this.pool(remote);
    const sides = which === 'all' ? [true, false] : [true];
    for (const own of sides) {
      pool.generation[own ? 'own' : 'theirs'] += 1;
      for (const block of [...pool.side(own).values()]) this.#drop(block, 'destroyed');
      this.#secrets.dropAll(pool, own);
    }
    // By what the disk says, so that it is thorough also when it is tried again.
    await this.commit.stage(() => {
      for (const own of sides) {
        for (const forget of this.statements.forgetSide) forget.run(remote, own ? 1 : 0);
      }
    });
  }

  /** The other end does not hold this ID secret: own blocks of its epoch cannot be found there. */
  async forgetEpoch(remote: string, epoch: number): Promise<void> {
    const pool = this.pool(remote);
    if (!pool.idSecrets.own.has(epoch)) return;
    const blocks = [...pool.own.values()].filter((block) => block.state === 'ready' && block.epoch === epoch);
    this.#secrets.drop(pool, true, epoch);
    await Promise.all([
      this.commit.stage(() => this.#secrets.erase(pool, true, epoch)),
      ...blocks.map((block) => this.destroy(block)),
    ]);
  }

  meta(name: string): string | undefined {
    return readMeta(this.#db, name);
  }

  async putMeta(name: string, value: string): Promise<void> {
    await this.commit.stage(() => this.statements.putMeta.run(name, value));
  }

  /** Makes durable what is under way, wipes all key in memory and closes. */
  async close(): Promise<void> {
    this.theirBurns.closeAhead(this.#pools.values());
    try {
      await this.commit.close();
    } finally {
      this.open[Symbol.dispose]();
      for (const pool of this.#pools.values()) pool.wipe();
      this.#sealer[Symbol.dispose]();
      this.#db.close();
    }
  }

  // The block ended while it was being marked: what was written as its ID secret goes again.
  #takeBack(pool: Pool, block: Block, secret: SecretBytes | undefined): void {
    if (secret === undefined) return;
    secret.wipe();
    const failed = ({ message: reason }: AgentError) => this.log.error('store.erase_failed', { reason });
    this.commit.stageLazily(() => this.#secrets.erase(pool, block.own, block.number), failed);
  }

  // Wipes `secret` when the transaction comes to nothing.
  async #committed(secret: SecretBytes | undefined, write: () => void): Promise<void> {
    try {
      await this.commit.stage(write);
    } catch (thrown) {
      secret?.wipe();
      throw thrown;
    }
  }

  // Inside a transaction, now and then.
  #prune(pool: Pool, own: boolean): void {
    this.#inserted += 1;
    if (this.#inserted % limits.tombstonePruneEvery !== 0) return;
    const horizon = pool.highest(own) - limits.blockNumberWindow;
    this.statements.pruneBlocks.run(pool.remote, own ? 1 : 0, horizon);
    this.statements.pruneBurns.run();
  }

  // Drops the block from memory at once; what comes back drops it from the disk.
  #dropping(block: Block, state: EndState): () => void {
    this.#drop(block, state);
    return () => {
      this.statements.deleteKey.run(block.id);
      this.statements.deleteBurntTo.run(block.id);
      this.statements.deleteBurntSet.run(block.id);
      this.statements.setState.run(state, block.id);
    };
  }

  #drop(block: Block, state: EndState): void {
    this.pool(block.pool).drop(block);
    block.state = state;
    this.open.forget(block);
  }

  #load(): void {
    this.#secrets.load((remote) => this.pool(remote));
    for (const row of this.statements.selectHighest.all()) {
      const { pool, own, number } = row as { pool: string; own: number; number: number };
      this.pool(pool).raise(own === 1, number);
    }
    const blocks = this.statements.selectLive.all().map((row) => new Block(row));
    for (const block of blocks) this.pool(block.pool).add(block);
    for (const block of blocks) if (block.state === 'ready' && block.left === 0) this.destroyLater(block);
  }
}

function nameOf(remote: string, own: boolean, number: number): string {
  return `${remote} ${own} ${number}`;
}
