import type { DatabaseSync } from 'node:sqlite';
import type { Witness } from '../disk/proven-sync.ts';
import type { Clock } from '../env/clock.ts';
import type { Disk } from '../env/disk.ts';
import type { Entropy } from '../env/entropy.ts';
import type { Log } from '../env/log.ts';
import type { RollbackGuard } from '../env/rollback-guard.ts';
import { AgentError } from '../errors.ts';
import type { EndReason } from '../keys/life-cycle.ts';
import { limits } from '../limits.ts';
import type { SecretBytes } from '../secret/secret-bytes.ts';
import type { Block, BlockChange, NewBlock, Origin } from './block.ts';
import { BlockFile } from './block-file.ts';
import { BlockNumbers } from './block-numbers.ts';
import { BlockRecords } from './block-records.ts';
import { closeDatabase, filesBeside, openDatabase, readMeta, unusable } from './database.ts';
import { Endings } from './endings.ts';
import { rolledBack } from './faults.ts';
import { ForeignKeys } from './foreign-keys.ts';
import { GroupCommit } from './group-commit.ts';
import { IdSecrets } from './id-secrets.ts';
import { Insertion } from './insertion.ts';
import { Inventory } from './inventory.ts';
import { loadBlocks } from './load-blocks.ts';
import { MarkCounter } from './mark-counter.ts';
import { OpenBlocks } from './open-blocks.ts';
import { Pool } from './pool.ts';
import { Readying } from './readying.ts';
import { discardStore, openSound } from './rollback.ts';
import { Rotation } from './rotation.ts';
import type { Sealer } from './seal.ts';
import { sinceWall } from './since.ts';
import { prepareStatements, type Statements } from './statements.ts';
import { TheirBurns } from './their-burns.ts';

export type KeyStoreOptions = {
  readonly path: string;
  readonly kmaId: string;
  /** 32 bytes, only lent. */
  readonly nodeKey: SecretBytes;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly disk: Disk;
  readonly log: Log;
  /** Notices a store that was put back from a copy. */
  readonly guard?: RollbackGuard | undefined;
  /** Told what becomes of blocks. */
  onBlock?(change: BlockChange): void;
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
  readonly inventory: Inventory;
  readonly rotation: Rotation;
  readonly #db: DatabaseSync;
  readonly #sealer: Sealer;
  readonly #disk: Disk;
  readonly #witness: Witness;
  readonly #path: string;
  readonly #secrets: IdSecrets;
  readonly #file: BlockFile;
  readonly #endings: Endings;
  readonly #insertion: Insertion;
  readonly #readying: Readying;
  readonly #pools = new Map<string, Pool>();

  constructor(options: KeyStoreOptions) {
    this.clock = options.clock;
    this.log = options.log;
    const { path, kmaId, nodeKey, clock, entropy, onBroken, guard, log, disk } = options;
    const open = (onMade: (storeId: string) => void) =>
      openDatabase({ disk, path, kmaId, nodeKey, entropy, log, onMade });
    const opened = openSound(open, { disk, path, guard, log });
    const { db, sealer, keys, witness } = opened;
    const usable = <Made>(make: () => Made): Made => {
      try {
        return make();
      } catch (cause) {
        closeDatabase(opened);
        throw cause instanceof AgentError ? cause : unusable(path, cause);
      }
    };
    this.#db = db;
    this.#witness = witness;
    this.#sealer = sealer;
    this.#disk = disk;
    this.#path = path;
    this.storeId = readMeta(this.#db, 'store_id') ?? '';
    this.statements = prepareStatements(this.#db);
    const counting = guard && new MarkCounter(guard, this.storeId, this.statements, this.meta('mark'));
    this.commit = usable(() => new GroupCommit(disk, db, path, witness, clock, onBroken, counting));
    // What a rotation of before has left in the file of keys, now that the database surely names the one that stays.
    usable(() => keys.open(this.meta('store_key') ?? '', nodeKey).key.wipe());
    const { blocks, places } = usable(() => loadBlocks(this.statements));
    this.#file = usable(() => new BlockFile(disk, filesBeside(path).blocks, witness, places, onBroken));
    this.numbers = new BlockNumbers(this.statements, this.commit, entropy);
    this.foreign = new ForeignKeys(db, sealer, this.commit, clock);
    const poolOf = (remote: string) => this.pool(remote);
    this.theirBurns = new TheirBurns(this, poolOf);
    this.inventory = new Inventory(db);
    this.rotation = new Rotation(db, sealer, keys, this.commit, entropy);
    this.#secrets = new IdSecrets(sealer, this.statements);
    const records = new BlockRecords(sealer, entropy, this.statements, this.#file);
    this.open = new OpenBlocks(records);
    const tell = options.onBlock ?? (() => {});
    const shared = { clock, log, commit: this.commit, statements: this.statements, records, poolOf, tell };
    this.#endings = new Endings({ ...shared, open: this.open });
    this.#readying = new Readying({
      ...shared,
      open: this.open,
      secrets: this.#secrets,
      endings: this.#endings,
    });
    this.#insertion = new Insertion({
      ...shared,
      secrets: this.#secrets,
      giveUp: (block) => this.destroyLater(block, 'forgotten'),
      keepSecret: (pool, own, epoch, secret) => this.#readying.keepSecret(pool, own, epoch, secret),
    });
    this.#load(blocks);
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
  known = (remote: string, own: boolean, number: number): boolean =>
    this.#insertion.known(remote, own, number);

  /** Whether a block of this number would lie so far behind the newest of its origin that its tombstone may be gone. */
  longGone(remote: string, own: boolean, number: number, origin: Origin): boolean {
    return number < this.pool(remote).highest(own, origin) - limits.blockNumberWindow;
  }

  /**
   * Adds a block. When it begins an epoch (`epoch` is its own number and it is ready), the unit at `first` becomes the ID secret and is spent.
   * @param bytes whole units are kept; only lent
   * @returns `known` when the block is or was here, durably; `underway` when it is on its way in
   */
  insert(block: NewBlock, bytes: SecretBytes): Promise<Block | 'known' | 'underway'> {
    return this.#insertion.insert(block, bytes);
  }

  /** Both ends have proved to hold the same bits: the block's units from `first` on are for use, in this epoch. */
  markReady(block: Block, first: number, epoch: number): Promise<void> {
    return this.#readying.markReady(block, first, epoch);
  }

  /** Destroys the key of a live block. Its row stays, so that the block is known when it comes again. */
  destroy(block: Block, reason: EndReason): Promise<void> {
    return this.#endings.end(block, reason);
  }

  /** The same for blocks that are used up, where nobody waits. */
  destroyLater(block: Block, reason: EndReason): void {
    this.#endings.endLater(block, reason);
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
      for (const block of [...pool.side(own).values()])
        pool.ending.add(this.#endings.drop(block, 'destroyed', 'forgotten'));
      this.#secrets.dropAll(pool, own);
    }
    // By what the disk says, so that it is thorough also when it is tried again.
    let ended: Block[] = [];
    await this.commit.stage(() => {
      ended = [...pool.ending].filter(({ own }) => sides.includes(own));
      for (const own of sides) {
        for (const forget of this.statements.forgetSide) forget.run(remote, own ? 1 : 0);
      }
    });
    for (const block of ended) if (pool.ending.delete(block)) this.#endings.free(block);
  }

  /** The other end does not hold this ID secret: own blocks of its epoch cannot be found there. */
  forgetEpoch(remote: string, epoch: number): Promise<void> {
    return this.#readying.forgetEpoch(this.pool(remote), epoch);
  }

  /**
   * The store has been put back from a copy: nothing in it may be used any more. It is discarded at the next start.
   * @returns why the process has to end
   */
  async condemn(why: string): Promise<AgentError> {
    const error = rolledBack(why);
    this.commit.refuse(error);
    await this.putMeta('condemned', why);
    return error;
  }

  meta = (name: string): string | undefined => readMeta(this.#db, name);

  async putMeta(name: string, value: string): Promise<void> {
    await this.commit.stage(() => this.statements.putMeta.run(name, value));
  }

  /**
   * Destroys everything: first the key under which all is sealed, on disk and in memory, then the files. Nothing can be asked of the store after that.
   * @returns the files that were removed
   */
  zeroize(): string[] {
    try {
      return discardStore(this.#disk, this.#path);
    } finally {
      this.commit.abandon();
      for (const pool of this.#pools.values())
        for (const own of [true, false])
          for (const block of [...pool.side(own).values()]) this.#endings.drop(block, 'destroyed', 'ordered');
      this.#wipe();
    }
  }

  /** Makes durable what is under way, wipes all key in memory and closes. */
  async close(): Promise<void> {
    this.theirBurns.closeAhead(this.#pools.values());
    try {
      await this.commit.close();
    } finally {
      this.#wipe();
      await this.#file.close();
      this.#witness.close();
      this.#db.close();
    }
  }

  #wipe(): void {
    this.open[Symbol.dispose]();
    for (const pool of this.#pools.values())
      for (const own of [true, false]) this.#secrets.dropAll(pool, own);
    this.#sealer[Symbol.dispose]();
  }

  #load(blocks: readonly Block[]): void {
    this.#secrets.load((remote) => this.pool(remote));
    for (const row of this.statements.selectHighest.all()) {
      const { pool, own, origin, number } = row as {
        pool: string;
        own: number;
        origin: Origin;
        number: number;
      };
      this.pool(pool).raise({ own: own === 1, number, origin });
    }
    // By the wall clock as it is now: one that is set later makes nothing older.
    for (const block of blocks) block.arrivedMs = sinceWall(block.createdMs, this.clock).monotonicMs;
    for (const block of blocks) this.pool(block.pool).add(block);
    for (const block of blocks)
      if (block.state === 'ready' && block.left === 0) this.destroyLater(block, 'used_up');
  }
}
