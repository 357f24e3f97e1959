import type { DatabaseSync } from 'node:sqlite';

/** All that the check asks of the database, for the store's present format. Rows come one by one: a store may be long. */
export function checkQueries(db: DatabaseSync) {
  // Not in a store of format 1, which the next start brings up to date.
  const hasForeign = db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'foreign_key'").get() !== undefined;
  return {
    /** Every block with its key's record, its marks, and how far its strides are recorded. */
    blocks: db.prepare(
      `SELECT block.*, block_key.sealed, burnt_to.unit AS mark, burnt_set.units AS marks,
         (SELECT max(to_unit) FROM burn_record WHERE burn_record.block = block.id) AS recorded
       FROM block LEFT JOIN block_key ON block_key.block = block.id
       LEFT JOIN burnt_to ON burnt_to.block = block.id LEFT JOIN burnt_set ON burnt_set.block = block.id ORDER BY block.id`,
    ),
    orphanKeys: db.prepare('SELECT block FROM block_key WHERE block NOT IN (SELECT id FROM block)'),
    /** Marks that outlived their block, as a burn under way at its end leaves them: nobody reads them. */
    leavings: db.prepare(
      `SELECT (SELECT count(*) FROM burnt_to WHERE block NOT IN (SELECT id FROM block WHERE state IN ('received', 'ready')))
         + (SELECT count(*) FROM burnt_set WHERE block NOT IN (SELECT id FROM block WHERE state IN ('received', 'ready'))) AS n`,
    ),
    strides: db.prepare(
      `SELECT block, from_unit, to_unit, lag(to_unit) OVER (PARTITION BY block ORDER BY id) AS before
       FROM burn_record ORDER BY id`,
    ),
    secrets: db.prepare('SELECT * FROM id_secret'),
    counters: db.prepare('SELECT * FROM counter'),
    foreign: hasForeign ? db.prepare('SELECT * FROM foreign_key') : undefined,
  };
}

export type CheckQueries = ReturnType<typeof checkQueries>;

export type CheckedBlock = {
  readonly id: number;
  readonly pool: string;
  readonly own: number;
  readonly number: number;
  readonly origin: string;
  readonly state: string;
  readonly units: number;
  readonly first: number;
  readonly epoch: number;
  readonly created_ms: number;
  readonly sealed_key: Uint8Array | null;
  readonly extent: number | null;
  readonly sealed: Uint8Array | null;
  readonly mark: number | null;
  readonly marks: Uint8Array | null;
  readonly recorded: number | null;
};
