import type { DatabaseSync } from 'node:sqlite';
import type { About, Origin } from './block.ts';
import { readingAll } from './damage.ts';

const LONG_GONE =
  "WHERE pool = ? AND own = ? AND number < ? AND origin = ? AND state NOT IN ('received', 'ready')";

/** Every statement that the running agent uses, prepared once. */
export function prepareStatements(db: DatabaseSync) {
  const all = (sql: string) => readingAll(db.prepare(sql));
  return {
    insertBlock: db.prepare(
      `INSERT INTO block (pool, own, number, origin, state, units, first, epoch, created_ms, extent, sealed_key, ready_ms, module, link, qber, path)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    insertKey: db.prepare('INSERT INTO block_key VALUES (?, ?)'),
    // One that was forgotten on its way in.
    insertEnded: db.prepare(
      `INSERT INTO block (pool, own, number, origin, state, units, first, epoch, created_ms, reason)
       VALUES (?, ?, ?, ?, 'destroyed', ?, 0, 0, ?, 'forgotten')`,
    ),
    selectBlockKey: db.prepare('SELECT sealed_key, state, first, epoch FROM block WHERE id = ?'),
    putBlockKey: db.prepare('UPDATE block SET sealed_key = ? WHERE id = ?'),
    selectKey: db.prepare('SELECT sealed FROM block_key WHERE block = ?'),
    deleteKey: db.prepare('DELETE FROM block_key WHERE block = ?'),
    selectKnown: db.prepare('SELECT state FROM block WHERE pool = ? AND own = ? AND number = ?'),
    setReady: db.prepare(
      "UPDATE block SET state = 'ready', first = ?, epoch = ?, ready_ms = ? WHERE id = ? AND state IN ('received', 'ready')",
    ),
    // The block's own key goes with it: without that its sealed record is noise, wherever it still lies.
    end: db.prepare(
      'UPDATE block SET state = ?, reason = ?, ended_ms = ?, sealed_key = NULL, extent = NULL WHERE id = ?',
    ),
    deleteBurntTo: db.prepare('DELETE FROM burnt_to WHERE block = ?'),
    deleteBurntSet: db.prepare('DELETE FROM burnt_set WHERE block = ?'),
    putBurntTo: db.prepare(
      'INSERT INTO burnt_to VALUES (?, ?) ON CONFLICT DO UPDATE SET unit = excluded.unit',
    ),
    putBurntSet: db.prepare(
      'INSERT INTO burnt_set VALUES (?, ?) ON CONFLICT DO UPDATE SET units = excluded.units',
    ),
    recordBurn: db.prepare('INSERT INTO burn_record (block, from_unit, to_unit, at_ms) VALUES (?, ?, ?, ?)'),
    // Each stride begins where the one before ended, so one row says of an ended block what they said. Of ended blocks there are many.
    mergeBurns: [
      `UPDATE burn_record SET (to_unit, at_ms) = (SELECT max(to_unit), max(at_ms) FROM burn_record WHERE block = :block)
       WHERE id = (SELECT min(id) FROM burn_record WHERE block = :block)`,
      'DELETE FROM burn_record WHERE block = :block AND id > (SELECT min(id) FROM burn_record WHERE block = :block)',
    ].map((sql) => db.prepare(sql)),
    // Everything of one side of a pool, in this order.
    forgetSide: [
      ...['block_key', 'burnt_to', 'burnt_set'].map((table) =>
        db.prepare(
          `DELETE FROM ${table} WHERE block IN
           (SELECT id FROM block WHERE pool = ? AND own = ? AND state IN ('received', 'ready'))`,
        ),
      ),
      db.prepare(
        `UPDATE block SET state = 'destroyed', reason = 'forgotten', sealed_key = NULL, extent = NULL
         WHERE pool = ? AND own = ? AND state IN ('received', 'ready')`,
      ),
      db.prepare('DELETE FROM id_secret WHERE pool = ? AND own = ?'),
    ],
    putIdSecret: db.prepare('INSERT OR REPLACE INTO id_secret VALUES (?, ?, ?, ?)'),
    deleteIdSecret: db.prepare('DELETE FROM id_secret WHERE pool = ? AND own = ? AND epoch = ?'),
    putCounter: db.prepare(
      'INSERT INTO counter VALUES (?, ?) ON CONFLICT DO UPDATE SET upto = excluded.upto',
    ),
    putMeta: db.prepare('INSERT OR REPLACE INTO meta VALUES (?, ?)'),
    // Tombstones tell a block that comes again from a new one. Those go whose number would be refused as long gone anyway.
    // Their burn records go before them.
    pruneBlocks: [
      `DELETE FROM burn_record WHERE block IN (SELECT id FROM block ${LONG_GONE})`,
      `DELETE FROM block ${LONG_GONE}`,
    ].map((sql) => db.prepare(sql)),
    // Of those that were never agreed on, no key was ever used: one that comes again may be taken for new. They raise no number.
    pruneNeverReady: db.prepare(
      `DELETE FROM block WHERE pool = :pool AND own = :own AND ready_ms IS NULL AND state NOT IN ('received', 'ready') AND id <=
       (SELECT id FROM block WHERE pool = :pool AND own = :own AND ready_ms IS NULL AND state NOT IN ('received', 'ready')
        ORDER BY id DESC LIMIT 1 OFFSET :kept)`,
    ),
    selectLive: all(
      // Each stride has its record, too: a mark that was damaged on the disk lets no key be used again.
      `SELECT block.id, pool, own, number, origin, state, block.units, first, epoch, created_ms, extent, burnt_set.units AS burnt_set,
        nullif(max(coalesce(burnt_to.unit, 0),
          coalesce((SELECT min(max(to_unit), block.units) FROM burn_record WHERE burn_record.block = block.id), 0)), 0) AS burnt_to
        FROM block
       LEFT JOIN burnt_to ON burnt_to.block = block.id LEFT JOIN burnt_set ON burnt_set.block = block.id
       WHERE state IN ('received', 'ready') ORDER BY pool, own, created_ms, block.id`,
    ),
    // What has become of blocks of theirs.
    selectUsed: db.prepare(
      "SELECT number FROM block WHERE pool = ? AND own = 0 AND state = 'used' ORDER BY number DESC",
    ),
    selectGone: db.prepare(
      `SELECT number FROM block WHERE pool = ? AND own = 0 AND state NOT IN ('used', 'received', 'ready') ORDER BY number DESC`,
    ),
    selectIdSecrets: all('SELECT * FROM id_secret ORDER BY rowid'),
    selectCounters: all('SELECT * FROM counter'),
    selectHighest: all(
      // Of those that both ends agreed on: a number that only a module named may be wrong.
      `SELECT pool, own, origin, max(number) AS number FROM block
       WHERE state IN ('ready', 'used') OR ready_ms IS NOT NULL GROUP BY pool, own, origin`,
    ),
  };
}

export type Statements = ReturnType<typeof prepareStatements>;

/** The columns of a new row of `block` that are there from the first. */
export type BlockRow = {
  readonly pool: string;
  readonly own: number;
  readonly number: number;
  readonly origin: Origin;
  readonly state: string;
  readonly units: number;
  readonly first: number;
  readonly epoch: number;
  readonly created_ms: number;
  readonly extent: number | null;
};

/** @returns the row's ID */
export function insertBlock(statements: Statements, row: BlockRow, sealedKey: Buffer, about: About): number {
  const { pool, own, number, origin, state, units, first, epoch, created_ms: born, extent } = row;
  const place = [pool, own, number, origin, state, units, first, epoch, born, extent];
  const { module = null, link = null, qber = null, path = null } = about;
  const more = [sealedKey, state === 'ready' ? born : null, module, link, qber, path];
  return Number(statements.insertBlock.run(...place, ...more).lastInsertRowid);
}
