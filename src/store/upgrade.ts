import type { DatabaseSync } from 'node:sqlite';
import type { Entropy } from '../env/entropy.ts';
import { AgentError } from '../errors.ts';
import type { SecretBytes } from '../secret/secret-bytes.ts';
import { placeOfBlock } from './block.ts';
import { type Standing, sealAlone } from './block-records.ts';
import { placeOfForeign } from './foreign-keys.ts';
import { FOREIGN_SCHEMA } from './foreign-schema.ts';
import { placeOfSecret } from './id-secrets.ts';
import { BLOCK_TABLE, FORMAT } from './schema.ts';
import { Sealer } from './seal.ts';
import type { StoreKeyFile } from './store-key.ts';

type Means = { readonly nodeKey: SecretBytes; readonly keys: StoreKeyFile; readonly entropy: Entropy };
type Row = { readonly [column: string]: unknown };

/**
 * Brings a store of format 1 or 2 to format 3, inside the transaction in which it is opened: under a store key instead of the node key itself, each block
 * under a key of its own. Records stay rows, whatever their length. Cut short, it is as it was, and begun anew.
 */
export function upgrade(db: DatabaseSync, { nodeKey, keys, entropy }: Means): void {
  const format = metaOf(db, 'format');
  using old = Sealer.ofNodeKey(nodeKey, entropy);
  checkNodeKey(db, old);
  const { id, key } = keys.create(nodeKey);
  using fresh = new Sealer(key, entropy);
  if (format === '1') db.exec(FOREIGN_SCHEMA);
  upgradeBlocks(db, old, fresh, entropy);
  reseal(db, 'id_secret', old, fresh, (row) =>
    placeOfSecret(row['pool'] as string, row['own'] === 1, row['epoch'] as number),
  );
  reseal(db, 'foreign_key', old, fresh, (row) =>
    placeOfForeign(row['pool'] as string, row['key_id'] as string),
  );
  const put = db.prepare('INSERT OR REPLACE INTO meta VALUES (?, ?)');
  put.run('format', String(FORMAT));
  put.run('store_key', id);
  db.exec("DELETE FROM meta WHERE name = 'node_key_check'");
}

function upgradeBlocks(db: DatabaseSync, old: Sealer, fresh: Sealer, entropy: Entropy): void {
  db.exec('ALTER TABLE block RENAME TO old_block');
  db.exec(BLOCK_TABLE);
  db.exec(
    `INSERT INTO block (id, pool, own, number, origin, state, units, first, epoch, created_ms)
     SELECT id, pool, own, number, origin, state, units, first, epoch, created_ms FROM old_block`,
  );
  db.exec('DROP TABLE old_block');
  const putKey = db.prepare('UPDATE block SET sealed_key = ? WHERE id = ?');
  const putRecord = db.prepare('UPDATE block_key SET sealed = ? WHERE block = ?');
  const end = db.prepare("UPDATE block SET state = 'quarantined', reason = 'damaged' WHERE id = ?");
  const remove = db.prepare('DELETE FROM block_key WHERE block = ?');
  const ids = db.prepare('SELECT block FROM block_key').all();
  const find = db.prepare(
    'SELECT pool, own, number, units, state, first, epoch, sealed FROM block_key JOIN block ON id = block WHERE block = ?',
  );
  for (const { block: id } of ids as { block: number }[]) {
    const row = find.get(id) as Row | undefined;
    const place = row && placeOfBlock(row['pool'], row['own'] === 1, row['number'], row['units']);
    const plain = place === undefined ? undefined : old.openIfSound(place, row!['sealed'] as Uint8Array);
    if (place === undefined || plain === undefined) {
      end.run(id);
      remove.run(id);
      continue;
    }
    using bytes = plain;
    const { sealed, sealedKey } = sealAlone(fresh, entropy, place, row as Standing, bytes.view());
    putKey.run(sealedKey, id);
    putRecord.run(sealed, id);
  }
}

function reseal(
  db: DatabaseSync,
  table: 'id_secret' | 'foreign_key',
  old: Sealer,
  fresh: Sealer,
  placeOf: (row: Row) => string,
): void {
  const put = db.prepare(`UPDATE ${table} SET sealed = ? WHERE rowid = ?`);
  for (const row of db.prepare(`SELECT rowid AS row, * FROM ${table} WHERE sealed IS NOT NULL`).all()) {
    using plain = old.open(placeOf(row), row['sealed'] as Uint8Array);
    put.run(fresh.seal(placeOf(row), plain.view()), row['row'] as number);
  }
}

function checkNodeKey(db: DatabaseSync, sealer: Sealer): void {
  try {
    sealer.open('node key check', Buffer.from(metaOf(db, 'node_key_check') ?? '', 'base64')).wipe();
  } catch (cause) {
    throw new AgentError('configuration.wrong_node_key', 'the node key does not open this store', {
      fault: 'configuration',
      remedy: 'Give the node key with which the store was made, or start with an empty data directory.',
      cause,
    });
  }
}

function metaOf(db: DatabaseSync, name: string): string | undefined {
  return db.prepare('SELECT value FROM meta WHERE name = ?').get(name)?.['value'] as string | undefined;
}
