import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { systemEntropy as entropy } from '../../src/node/entropy.ts';
import { SecretBytes } from '../../src/secret/secret-bytes.ts';
import { Sealer } from '../../src/store/seal.ts';
import { keyOf } from './temp-store.ts';

const FORMAT_1 = `
  CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE block (
    id INTEGER PRIMARY KEY, pool TEXT NOT NULL, own INTEGER NOT NULL, number INTEGER NOT NULL, origin TEXT NOT NULL,
    state TEXT NOT NULL, units INTEGER NOT NULL, first INTEGER NOT NULL, epoch INTEGER NOT NULL, created_ms INTEGER NOT NULL,
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
const ADDED_BY_2 = `
  CREATE TABLE foreign_key (
    id INTEGER PRIMARY KEY, pool TEXT NOT NULL, key_id TEXT NOT NULL, created_ms INTEGER NOT NULL, bytes INTEGER NOT NULL, sealed BLOB,
    UNIQUE (pool, key_id)
  ) STRICT;
  CREATE INDEX foreign_key_held ON foreign_key (created_ms, pool, bytes) WHERE sealed IS NOT NULL;
  CREATE INDEX foreign_key_gone ON foreign_key (pool, id) WHERE sealed IS NULL;
`;

/** What an old store holds: own blocks of B in an epoch that block 1 began, of which 3 is used up to a mark, 5 is gone and 7 does not open. */
export const held = {
  pool: 'B',
  units: 1000,
  burnt: 16,
  secretEpoch: 1,
  relayNumber: 5000,
  createdMs: 1_000,
};

/** Makes a store as an older version wrote it. @param nodeKey as `openStore` of temp-store.ts takes it */
export function makeOldStore(directory: string, format: 1 | 2, nodeKey = 7): void {
  using node = SecretBytes.copyOf(Buffer.alloc(32, nodeKey));
  using sealer = Sealer.ofNodeKey(node, entropy);
  const db = new DatabaseSync(join(directory, 'keys.sqlite'));
  try {
    db.exec(`PRAGMA journal_mode = WAL; ${FORMAT_1}`);
    if (format === 2) db.exec(ADDED_BY_2);
    const meta = db.prepare('INSERT INTO meta VALUES (?, ?)');
    meta.run('format', String(format));
    meta.run('kma_id', 'A');
    meta.run('store_id', 'old-store');
    meta.run('note', 'kept');
    const check = sealer.seal('node key check', Buffer.from('old-store'));
    meta.run('node_key_check', check.toString('base64'));
    addBlocks(db, sealer);
    const secret = keyOf(99, 1);
    db.prepare('INSERT INTO id_secret VALUES (?, 1, ?, ?)').run(
      held.pool,
      held.secretEpoch,
      sealer.seal(`ID secret ${held.pool} own ${held.secretEpoch}`, secret.view()),
    );
    db.prepare('INSERT INTO counter VALUES (?, ?)').run(held.pool, held.relayNumber);
    if (format === 2) {
      db.prepare(
        'INSERT INTO foreign_key (pool, key_id, created_ms, bytes, sealed) VALUES (?, ?, ?, 32, ?)',
      ).run('P', 'one', held.createdMs, sealer.seal('foreign key P one', keyOf(98, 1).view()));
    }
  } finally {
    db.close();
  }
}

function addBlocks(db: DatabaseSync, sealer: Sealer): void {
  const block = db.prepare("INSERT INTO block VALUES (?, ?, 1, ?, 'relay', ?, ?, 0, 1, ?)");
  const key = db.prepare('INSERT INTO block_key VALUES (?, ?)');
  for (const number of [3, 5, 7]) {
    block.run(number, held.pool, number, number === 5 ? 'destroyed' : 'ready', held.units, held.createdMs);
    if (number === 5) continue;
    const sealed = sealer.seal(
      `block ${held.pool} own ${number} ${held.units}`,
      keyOf(number, held.units).view(),
    );
    if (number === 7) sealed[100]! ^= 1;
    key.run(number, sealed);
  }
  db.prepare('INSERT INTO burnt_to VALUES (3, ?)').run(held.burnt);
}
