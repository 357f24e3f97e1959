import { FOREIGN_SCHEMA } from './foreign-schema.ts';

/** The format that this version writes. Older ones are brought up to date by upgrade.ts. */
export const FORMAT = 3;

/**
 * `sealed_key` is the key of the block alone under which its record is sealed, itself sealed under the store key: without it the record, be it a
 * row of `block_key` or a place in the block file, is noise. Cursors and bitmaps stand apart, because changing a row rewrites all of it.
 */
export const BLOCK_TABLE = `
  CREATE TABLE block (
    id INTEGER PRIMARY KEY,
    pool TEXT NOT NULL,
    own INTEGER NOT NULL,
    number INTEGER NOT NULL,
    origin TEXT NOT NULL,
    state TEXT NOT NULL,
    units INTEGER NOT NULL,
    first INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    sealed_key BLOB,
    extent INTEGER,
    ready_ms INTEGER,
    ended_ms INTEGER,
    reason TEXT,
    module TEXT,
    link TEXT,
    qber REAL,
    path TEXT,
    UNIQUE (pool, own, number)
  ) STRICT;
  CREATE INDEX block_live ON block (pool, own, created_ms, id) WHERE state IN ('received', 'ready');
`;

export const SCHEMA = `
  CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  ${BLOCK_TABLE}
  CREATE TABLE block_key (block INTEGER PRIMARY KEY, sealed BLOB NOT NULL) STRICT;
  CREATE TABLE burnt_to (block INTEGER PRIMARY KEY, unit INTEGER NOT NULL) STRICT;
  CREATE TABLE burnt_set (block INTEGER PRIMARY KEY, units BLOB NOT NULL) STRICT;
  CREATE TABLE burn_record (
    id INTEGER PRIMARY KEY, block INTEGER NOT NULL, from_unit INTEGER NOT NULL, to_unit INTEGER NOT NULL, at_ms INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX burn_record_block ON burn_record (block);
  CREATE TABLE id_secret (
    pool TEXT NOT NULL, own INTEGER NOT NULL, epoch INTEGER NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (pool, own, epoch)
  ) STRICT;
  CREATE TABLE counter (name TEXT PRIMARY KEY, upto INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  ${FOREIGN_SCHEMA}
`;
