import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { systemEntropy } from '../../src/node/entropy.ts';
import { SecretBytes } from '../../src/secret/secret-bytes.ts';
import { Sealer } from '../../src/store/seal.ts';
import { ManualClock } from '../manual-clock.ts';
import { editStore, keyOf } from './temp-store.ts';

/** The tables of format 1, as the version that had it made them. Never changed: such stores are out there. */
const FORMAT_1 = `
  CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
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
    UNIQUE (pool, own, number)
  ) STRICT;
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
`;

/** What format 2 added. */
const FORMAT_2 = `
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

export const FIXTURE_UNITS = 40;

/**
 * Writes a store as an earlier version left it: with KMA B, own block 2 burnt up to unit 16, their block 3 with units 5 and 6 used, own block 4
 * used up, an ID secret, a counter; in format 2 a key of plain KM P.
 */
export function writeFormat(directory: string, format: 1 | 2): void {
  using nodeKey = SecretBytes.copyOf(Buffer.alloc(32, 7));
  using sealer = Sealer.ofNodeKey(nodeKey, systemEntropy);
  editStore(directory, (db) => fill(db, sealer, format), true);
  chmodSync(join(directory, 'keys.sqlite'), 0o600);
}

function fill(db: DatabaseSync, sealer: Sealer, format: 1 | 2): void {
  db.exec(`PRAGMA journal_mode = WAL; ${FORMAT_1}${format === 2 ? FORMAT_2 : ''}`);
  const now = new ManualClock().wallMs();
  const seal = (place: string, seed: number, units: number) => {
    using key = keyOf(seed, units);
    return sealer.seal(place, key.view());
  };
  const meta = db.prepare('INSERT INTO meta VALUES (?, ?)');
  const storeId = 'a2c3e4f5-0000-4000-8000-000000000001';
  const facts = { format: String(format), kma_id: 'A', store_id: storeId, 'store of B': 'b-store' };
  for (const [name, value] of Object.entries(facts)) meta.run(name, value);
  meta.run('node_key_check', sealer.seal('node key check', Buffer.from(storeId)).toString('base64'));
  const block = db.prepare('INSERT INTO block VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
  block.run(1, 'B', 1, 2, 'link', 'ready', FIXTURE_UNITS, 3, 2, now);
  block.run(2, 'B', 0, 3, 'link', 'ready', FIXTURE_UNITS, 2, 1, now);
  block.run(3, 'B', 1, 4, 'link', 'destroyed', FIXTURE_UNITS, 2, 2, now);
  const key = db.prepare('INSERT INTO block_key VALUES (?, ?)');
  key.run(1, seal(`block B own 2 ${FIXTURE_UNITS}`, 2, FIXTURE_UNITS));
  key.run(2, seal(`block B their 3 ${FIXTURE_UNITS}`, 3, FIXTURE_UNITS));
  db.exec("INSERT INTO burnt_to VALUES (1, 16); INSERT INTO burnt_set VALUES (2, x'6000000000')");
  const record = db.prepare('INSERT INTO burn_record (block, from_unit, to_unit, at_ms) VALUES (?, ?, ?, ?)');
  record.run(1, 3, 16, now);
  record.run(3, 2, FIXTURE_UNITS, now);
  db.prepare('INSERT INTO id_secret VALUES (?, ?, ?, ?)').run('B', 1, 2, seal('ID secret B own 2', 9, 1));
  db.exec("INSERT INTO counter VALUES ('C', 5000)");
  if (format === 2)
    db.prepare('INSERT INTO foreign_key VALUES (?, ?, ?, ?, ?, ?)').run(
      1,
      'P',
      'one',
      now,
      32,
      seal('foreign key P one', 8, 1),
    );
}
