import { timingSafeEqual } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import type { Clock } from '../env/clock.ts';
import { limits } from '../limits.ts';
import type { SecretBytes } from '../secret/secret-bytes.ts';
import { reading } from './damage.ts';
import { prepareForeign } from './foreign-schema.ts';
import type { GroupCommit } from './group-commit.ts';
import type { Sealer } from './seal.ts';

/** A KMA-key under the ID that a foreign KM gave it. */
export type ForeignKey = { readonly id: string; readonly bytes: SecretBytes };

/**
 * `known`: all were here before, with the same bytes. `conflict`: one was, with other bytes, or it is gone. `underway`: one is on its way
 * to disk. `full`: no room. Only with `kept` was anything added.
 */
export type Kept = 'kept' | 'known' | 'conflict' | 'underway' | 'full';

type Tally = { keys: number; bytes: number; gone: number };
type Row = { readonly id: number; readonly bytes: number; readonly sealed: Uint8Array | null };

/** Keys that plain KMs have relayed to this node, sealed on disk and found by ID. Promises resolve when what they stand for is durable. */
export class ForeignKeys {
  readonly #statements: ReturnType<typeof prepareForeign>;
  readonly #sealer: Sealer;
  readonly #commit: GroupCommit;
  readonly #clock: Clock;
  readonly #tallies = new Map<string, Tally>();
  readonly #inserting = new Set<string>();
  readonly #erasing = new Set<string>();

  constructor(db: DatabaseSync, sealer: Sealer, commit: GroupCommit, clock: Clock) {
    this.#statements = prepareForeign(db);
    this.#sealer = sealer;
    this.#commit = commit;
    this.#clock = clock;
    for (const row of this.#statements.held.all()) {
      const tally = this.#tally(row['pool'] as string);
      tally.keys = row['keys'] as number;
      tally.bytes = row['bytes'] as number;
    }
    for (const row of this.#statements.gone.all())
      this.#tally(row['pool'] as string).gone = row['keys'] as number;
  }

  /** Keys held of one KMA. */
  count(pool: string): number {
    return this.#tally(pool).keys;
  }

  /**
   * Adds keys, all or none; those that are here already stay as they are.
   * @param pool KMA ID of their source; @param keys no two under one ID; only lent
   */
  async insert(pool: string, keys: readonly ForeignKey[]): Promise<Kept> {
    this.#commit.assertWhole();
    if (keys.some(({ id }) => this.#inserting.has(nameOf(pool, id)))) return 'underway';
    const fresh: ForeignKey[] = [];
    for (const key of keys) {
      const row = this.#find(pool, key.id);
      if (row === undefined) fresh.push(key);
      else if (!this.#isSame(pool, key, row)) return 'conflict';
    }
    if (fresh.length === 0) return 'known';
    const bytes = fresh.reduce((sum, key) => sum + key.bytes.length, 0);
    const tally = this.#tally(pool);
    if (tally.keys + fresh.length > limits.foreignKeysMax) return 'full';
    if (tally.bytes + bytes > limits.foreignBytesMax) return 'full';
    count(tally, fresh.length, bytes);
    try {
      await this.#write(pool, fresh);
      return 'kept';
    } catch (thrown) {
      count(tally, -fresh.length, -bytes);
      throw thrown;
    }
  }

  /**
   * Hands keys out for good: their erasure is durable before the promise resolves.
   * @returns in the order of `ids`, the caller's to wipe; undefined, and nothing is erased, when one is not here or was used
   * @throws AgentError `host.store_damaged`, `host.store_write_failed`; nothing was handed out then
   */
  async take(pool: string, ids: readonly string[]): Promise<SecretBytes[] | undefined> {
    this.#commit.assertWhole();
    const names = ids.map((id) => nameOf(pool, id));
    if (new Set(names).size !== names.length) return undefined;
    if (names.some((name) => this.#erasing.has(name))) return undefined;
    const rows = ids.map((id) => this.#find(pool, id));
    if (!rows.every((row) => row?.sealed)) return undefined;
    const keys: SecretBytes[] = [];
    try {
      for (const [i, row] of rows.entries())
        keys.push(this.#sealer.open(placeOfForeign(pool, ids[i]!), row!.sealed!));
      await this.#erase(rows.map((row, i) => ({ pool, id: row!.id, bytes: row!.bytes, name: names[i]! })));
      return keys;
    } catch (thrown) {
      for (const key of keys) key.wipe();
      throw thrown;
    }
  }

  /** Erases keys of these KMAs that came before `wallMs`, or all. @returns how many */
  async destroy(pools: readonly string[], wallMs = Number.MAX_SAFE_INTEGER): Promise<number> {
    let erased = 0;
    for (const pool of pools) {
      for (;;) {
        const rows = this.#statements.ofPool.all(pool, wallMs, limits.retentionBatch).map((row) => ({
          pool,
          id: row['id'] as number,
          bytes: row['bytes'] as number,
          name: nameOf(pool, row['key_id'] as string),
        }));
        const free = rows.filter(({ name }) => !this.#erasing.has(name));
        if (free.length === 0) break;
        await this.#erase(free);
        erased += free.length;
      }
    }
    return erased;
  }

  /** Whose keys are here. */
  pools(): string[] {
    return [...this.#tallies].filter(([, { keys }]) => keys > 0).map(([pool]) => pool);
  }

  async #write(pool: string, fresh: readonly ForeignKey[]): Promise<void> {
    const now = this.#clock.wallMs();
    const surplus = this.#tally(pool).gone - limits.foreignGoneMax;
    const names = fresh.map(({ id }) => nameOf(pool, id));
    for (const name of names) this.#inserting.add(name);
    try {
      await this.#commit.stage(() => {
        for (const { id, bytes } of fresh) {
          const sealed = this.#sealer.seal(placeOfForeign(pool, id), bytes.view());
          this.#statements.insert.run(pool, id, now, bytes.length, sealed);
        }
        if (surplus > 0) this.#statements.prune.run(pool, surplus);
      });
    } finally {
      for (const name of names) this.#inserting.delete(name);
    }
    if (surplus > 0) this.#tally(pool).gone -= surplus;
  }

  async #erase(rows: readonly { pool: string; id: number; bytes: number; name: string }[]): Promise<void> {
    for (const { name } of rows) this.#erasing.add(name);
    try {
      await this.#commit.stage(() => {
        for (const { id } of rows) this.#statements.erase.run(id);
      });
    } finally {
      for (const { name } of rows) this.#erasing.delete(name);
    }
    for (const { pool, bytes } of rows) {
      const tally = this.#tally(pool);
      count(tally, -1, -bytes);
      tally.gone += 1;
    }
  }

  #find(pool: string, id: string): Row | undefined {
    return reading(() => this.#statements.find.get(pool, id)) as Row | undefined;
  }

  // A key that is gone cannot be compared any more.
  #isSame(pool: string, { id, bytes }: ForeignKey, { sealed }: Row): boolean {
    if (sealed === null || this.#erasing.has(nameOf(pool, id))) return false;
    using held = this.#sealer.open(placeOfForeign(pool, id), sealed);
    return held.length === bytes.length && timingSafeEqual(held.view(), bytes.view());
  }

  #tally(pool: string): Tally {
    let tally = this.#tallies.get(pool);
    if (tally === undefined) {
      tally = { keys: 0, bytes: 0, gone: 0 };
      this.#tallies.set(pool, tally);
    }
    return tally;
  }
}

function count(tally: Tally, keys: number, bytes: number): void {
  tally.keys += keys;
  tally.bytes += bytes;
}

function nameOf(pool: string, id: string): string {
  return `${pool} ${id}`;
}

/** What a sealed record is bound to. */
export function placeOfForeign(pool: string, id: string): string {
  return `foreign key ${pool} ${id}`;
}
