import type { Clock } from '../env/clock.ts';
import { assert } from '../errors.ts';
import { limits } from '../limits.ts';
import type { SecretBytes } from '../secret/secret-bytes.ts';
import { Block, type BlockChange, type NewBlock, type Origin, unitsIn } from './block.ts';
import type { BlockRecords, SealedRecord } from './block-records.ts';
import type { GroupCommit } from './group-commit.ts';
import { IdSecrets } from './id-secrets.ts';
import type { Pool } from './pool.ts';
import { insertBlock, type Statements } from './statements.ts';

export type InsertionParts = {
  readonly clock: Clock;
  readonly commit: GroupCommit;
  readonly statements: Statements;
  readonly records: BlockRecords;
  readonly secrets: IdSecrets;
  readonly poolOf: (remote: string) => Pool;
  readonly tell: (event: BlockChange) => void;
  /** A block that was given up while it came in. */
  readonly giveUp: (block: Block) => void;
  /** An epoch has begun. Takes ownership of `secret`. */
  readonly keepSecret: (pool: Pool, own: boolean, epoch: number, secret: SecretBytes) => void;
};

/** Takes blocks in: each once, sealed and durable before it is known. */
export class Insertion {
  readonly #parts: InsertionParts;
  readonly #underway = new Set<string>();
  #inserted = 0;

  constructor(parts: InsertionParts) {
    this.#parts = parts;
  }

  /** Whether this block is or was here, durably. One that is on its way in is not. */
  known(remote: string, own: boolean, number: number): boolean {
    if (this.#underway.has(nameOf(remote, own, number))) return false;
    return this.#parts.statements.selectKnown.get(remote, own ? 1 : 0, number) !== undefined;
  }

  async insert(block: NewBlock, bytes: SecretBytes): Promise<Block | 'known' | 'underway'> {
    this.#parts.commit.assertWhole();
    const name = nameOf(block.remote, block.own, block.number);
    if (this.#underway.has(name)) return 'underway';
    if (this.known(block.remote, block.own, block.number)) return 'known';
    this.#underway.add(name);
    try {
      return await this.#insertNew(block, bytes);
    } finally {
      this.#underway.delete(name);
    }
  }

  async #insertNew(block: NewBlock, bytes: SecretBytes): Promise<Block | 'known'> {
    const { poolOf, giveUp, keepSecret, clock } = this.#parts;
    const units = unitsIn(bytes.length);
    assert(units > 0 && units <= limits.blockUnitsMax, 'a block holds at least one KMA-key');
    const pool = poolOf(block.remote);
    const side = block.own ? 'own' : 'theirs';
    const generation = pool.generation[side];
    const begins = block.state === 'ready' && block.epoch === block.number;
    const key = bytes.view().subarray(0, units * limits.unitBytes);
    const row = {
      pool: block.remote,
      own: block.own ? 1 : 0,
      number: block.number,
      origin: block.origin,
      state: block.state,
      units,
      first: begins ? block.first + 1 : block.first,
      epoch: block.epoch,
      created_ms: clock.wallMs(),
    };
    const { place } = new Block({ ...row, id: 0 });
    const secret = begins ? IdSecrets.of(key, block.first) : undefined;
    // The pool may be forgotten meanwhile, and this block with it.
    const forgotten = () => pool.generation[side] !== generation;
    const added = await this.#write({ row, place, about: block.about ?? {}, key, secret, pool, forgotten });
    if (added === undefined || forgotten()) {
      secret?.wipe();
      if (added !== undefined) giveUp(added);
      return 'known';
    }
    pool.add(added);
    if (secret !== undefined) keepSecret(pool, block.own, block.number, secret);
    this.#parts.tell({ what: 'stored', block: added, keys: added.left, state: added.state });
    return added;
  }

  // Wipes `secret` when it comes to nothing.
  async #write({ row, place, about, key, secret, pool, forgotten }: New): Promise<Block | undefined> {
    const { records, commit, statements, secrets, clock } = this.#parts;
    const own = row.own === 1;
    const arrivedMs = clock.monotonicMs();
    let record: SealedRecord | undefined;
    try {
      record = await records.write(place, key);
      const written = record;
      const extent = typeof written.at === 'number' ? written.at : null;
      let id: number | undefined;
      await commit.stage(() => {
        if (forgotten()) {
          statements.insertEnded.run(row.pool, row.own, row.number, row.origin, row.units, row.created_ms);
          return;
        }
        id = insertBlock(statements, { ...row, extent }, records.sealedKey(place, row, written), about);
        records.insert(id, written);
        this.#prune(pool, own, row.origin);
        if (secret !== undefined) secrets.write(pool, own, row.number, secret);
      });
      if (id !== undefined) {
        record.own.wipe();
        const block = new Block({ ...row, extent, id });
        block.arrivedMs = arrivedMs;
        return block;
      }
      records.abandon(record, row.units);
      return undefined;
    } catch (thrown) {
      if (record !== undefined) records.abandon(record, row.units);
      secret?.wipe();
      throw thrown;
    }
  }

  // Inside a transaction, now and then.
  #prune(pool: Pool, own: boolean, origin: Origin): void {
    this.#inserted += 1;
    if (this.#inserted % limits.tombstonePruneEvery !== 0) return;
    const horizon = pool.highest(own, origin) - limits.blockNumberWindow;
    const side = { pool: pool.remote, own: own ? 1 : 0 };
    for (const prune of this.#parts.statements.pruneBlocks) prune.run(side.pool, side.own, horizon, origin);
    this.#parts.statements.pruneNeverReady.run({ ...side, kept: limits.blockNumberWindow });
  }
}

type New = {
  readonly row: Omit<Parameters<typeof insertBlock>[1], 'extent'>;
  readonly place: string;
  readonly about: NonNullable<NewBlock['about']>;
  readonly key: Buffer;
  readonly secret: SecretBytes | undefined;
  readonly pool: Pool;
  readonly forgotten: () => boolean;
};

function nameOf(remote: string, own: boolean, number: number): string {
  return `${remote} ${own} ${number}`;
}
