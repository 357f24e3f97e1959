import type { DatabaseSync } from 'node:sqlite';
import type { BlockState } from '../keys/life-cycle.ts';
import { limits } from '../limits.ts';
import type { Block } from './block.ts';
import type { Pool } from './pool.ts';

/** One direction of a pool in numbers. Keys are KMA-keys of 256 bits. */
export type DirectionInventory = {
  readonly blocks: Readonly<Partial<Record<BlockState | 'held', number>>>;
  /** Keys that may be used, those that wait for agreement with the far end, and those held back by an alarm. */
  readonly ready_keys: number;
  readonly received_keys: number;
  readonly held_keys: number;
  /** Milliseconds since the oldest and the newest live block came; null when there is none. */
  readonly oldest_ms: number | null;
  readonly newest_ms: number | null;
};

export type PoolInventory = {
  readonly kma_id: string;
  readonly own: DirectionInventory;
  readonly theirs: DirectionInventory;
  /** Keys of a plain KM, each under an ID of its own. */
  readonly foreign_keys: number;
};

/** One block, for people. Times are milliseconds since the Unix epoch. */
export type BlockInventory = {
  readonly kma_id: string;
  readonly direction: 'own' | 'theirs';
  readonly number: number;
  readonly state: BlockState | 'held';
  readonly origin: string;
  readonly keys: number;
  readonly left: number;
  readonly created_ms: number;
  readonly ready_ms: number | null;
  readonly ended_ms: number | null;
  /** Why it ended. */
  readonly reason: string | null;
  readonly module: string | null;
  readonly link: string | null;
  readonly qber: number | null;
  readonly path: string | null;
};

/** What the store holds and has held, for people. It reads; it decides nothing, and never touches key. */
export class Inventory {
  readonly #count: ReturnType<DatabaseSync['prepare']>;
  readonly #select: ReturnType<DatabaseSync['prepare']>;

  constructor(db: DatabaseSync) {
    this.#count = db.prepare(
      'SELECT own, state, count(*) AS blocks FROM block WHERE pool = ? GROUP BY own, state',
    );
    this.#select = db.prepare(
      `SELECT id, own, number, state, origin, units, created_ms, ready_ms, ended_ms, reason, module, link, qber, path
       FROM block WHERE pool = ? ORDER BY coalesce(ended_ms, created_ms) DESC, id DESC LIMIT ?`,
    );
  }

  pool(pool: Pool, foreignKeys: number, wallMs: number): PoolInventory {
    const ended = this.#count.all(pool.remote) as { own: number; state: BlockState; blocks: number }[];
    const direction = (own: boolean): DirectionInventory => ({
      ...liveOf(pool, own, wallMs),
      blocks: {
        ...Object.fromEntries(
          ended.filter((one) => (one.own === 1) === own).map(({ state, blocks }) => [state, blocks]),
        ),
        ...(own && pool.heldBack.size > 0 ? { held: pool.heldBack.size } : {}),
      },
    });
    return {
      kma_id: pool.remote,
      own: direction(true),
      theirs: direction(false),
      foreign_keys: foreignKeys,
    };
  }

  /** The blocks of a pool, what changed last first, and not more than an answer holds. */
  blocks(pool: Pool): BlockInventory[] {
    return this.#select.all(pool.remote, limits.inventoryBlocksMax).map((row) => {
      const own = row['own'] === 1;
      const live = pool.side(own).get(row['number'] as number);
      const held = live !== undefined && pool.heldBack.has(live);
      return {
        kma_id: pool.remote,
        direction: own ? 'own' : 'theirs',
        number: row['number'] as number,
        state: held ? 'held' : (row['state'] as BlockState),
        origin: row['origin'] as string,
        keys: row['units'] as number,
        left: live?.left ?? 0,
        created_ms: row['created_ms'] as number,
        ready_ms: row['ready_ms'] as number | null,
        ended_ms: row['ended_ms'] as number | null,
        reason: row['reason'] as string | null,
        module: row['module'] as string | null,
        link: row['link'] as string | null,
        qber: row['qber'] as number | null,
        path: row['path'] as string | null,
      };
    });
  }
}

function liveOf(pool: Pool, own: boolean, wallMs: number): Omit<DirectionInventory, 'blocks'> {
  const live = [...pool.side(own).values()];
  const keys = (some: Iterable<Block>): number => [...some].reduce((sum, { left }) => sum + left, 0);
  const births = live.map(({ createdMs }) => createdMs);
  const since = (bornMs: number): number | null => (live.length === 0 ? null : wallMs - bornMs);
  return {
    ready_keys: keys(live) - (own ? keys(pool.heldBack) : 0),
    received_keys: live.reduce((sum, { state, units }) => sum + (state === 'received' ? units : 0), 0),
    held_keys: own ? keys(pool.heldBack) : 0,
    oldest_ms: since(births.reduce((least, one) => Math.min(least, one), Infinity)),
    newest_ms: since(births.reduce((most, one) => Math.max(most, one), -Infinity)),
  };
}
