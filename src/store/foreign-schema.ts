import type { DatabaseSync } from 'node:sqlite';

/**
 * KMA-keys that plain KMs have relayed here, a row each, because their IDs follow no order. A key that is used or outdated loses its bytes
 * (`sealed`); the row stays, so that the ID is known when it comes again.
 */
export const FOREIGN_SCHEMA = `
  CREATE TABLE foreign_key (
    id INTEGER PRIMARY KEY,
    pool TEXT NOT NULL,
    key_id TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    sealed BLOB,
    UNIQUE (pool, key_id)
  ) STRICT;
  CREATE INDEX foreign_key_held ON foreign_key (created_ms, pool, bytes) WHERE sealed IS NOT NULL;
  CREATE INDEX foreign_key_gone ON foreign_key (pool, id) WHERE sealed IS NULL;
`;

export function prepareForeign(db: DatabaseSync) {
  return {
    find: db.prepare('SELECT id, bytes, sealed FROM foreign_key WHERE pool = ? AND key_id = ?'),
    insert: db.prepare(
      'INSERT INTO foreign_key (pool, key_id, created_ms, bytes, sealed) VALUES (?, ?, ?, ?, ?)',
    ),
    erase: db.prepare('UPDATE foreign_key SET sealed = NULL WHERE id = ?'),
    ofPool: db.prepare(
      'SELECT id, key_id, bytes FROM foreign_key WHERE sealed IS NOT NULL AND pool = ? AND created_ms < ? LIMIT ?',
    ),
    prune: db.prepare(
      'DELETE FROM foreign_key WHERE id IN (SELECT id FROM foreign_key WHERE pool = ? AND sealed IS NULL ORDER BY id LIMIT ?)',
    ),
    held: db.prepare(
      'SELECT pool, count(*) AS keys, sum(bytes) AS bytes FROM foreign_key WHERE sealed IS NOT NULL GROUP BY pool',
    ),
    gone: db.prepare('SELECT pool, count(*) AS keys FROM foreign_key WHERE sealed IS NULL GROUP BY pool'),
  };
}
