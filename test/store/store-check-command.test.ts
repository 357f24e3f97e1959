import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { StoreReport } from '../../src/store/check/check.ts';
import { sound } from '../config/fault-cases.ts';
import { assertUnchanged, fullStore } from './checked.ts';
import { directoryFor, editStore, openStore } from './temp-store.ts';

const MAIN = join(import.meta.dirname, '../../src/main.ts');

/** A node's folder with a store in it that is as a crash left it. */
async function node(t: TestContext): Promise<{ config: string; data: string }> {
  const { crashed } = await fullStore(t);
  const folder = directoryFor(t);
  const data = join(folder, 'data');
  fs.mkdirSync(data, { mode: 0o700 });
  for (const file of fs.readdirSync(crashed)) fs.copyFileSync(join(crashed, file), join(data, file));
  fs.writeFileSync(join(folder, 'node.key'), Buffer.alloc(32, 7), { mode: 0o600 });
  fs.writeFileSync(join(folder, 'config.yaml'), sound);
  return { config: join(folder, 'config.yaml'), data };
}

const check = (...parameters: string[]) =>
  spawnSync(process.execPath, [MAIN, 'store', 'check', ...parameters], { encoding: 'utf8' });

test('"store check" of a sound store ends with 0, in words and as JSON', async (t) => {
  const { config, data } = await node(t);
  assertUnchanged(data, () => {
    const { status, stdout } = check('--config', config);
    assert.equal(status, 0, stdout);
    assert.match(stdout, /blocks +10 +0\n(.*\n)*Sound\.\n$/);
    const json = check('--config', config, '--json');
    const { faults_total, kma_id, format } = JSON.parse(json.stdout) as StoreReport;
    assert.deepEqual([json.status, faults_total, kma_id, format], [0, 0, 'A', '3']);
  });
});

test('"store check" ends with 1 at a fault, 2 at wrong usage, and 3 where it cannot look', async (t) => {
  const { config, data } = await node(t);
  assert.equal(check('--nothing').status, 2);
  const unread = check('--config', join(data, 'none.yaml'));
  assert.equal(unread.status, 3);
  assert.match(unread.stderr, /configuration\.faults/);
  fs.chmodSync(join(config, '../node.key'), 0o644);
  const locked = check('--config', config);
  assert.equal(locked.status, 3);
  assert.match(locked.stderr, /configuration\.node_key_readable/);
  const without = check('--config', config, '--no-key');
  assert.equal(without.status, 0);
  assert.match(without.stdout, /no sealed record was opened/);
  editStore(data, (db) => db.exec('DELETE FROM block_key WHERE block = 1'));
  const faulty = check('--config', config, '--no-key');
  assert.equal(faulty.status, 1);
  assert.match(
    faulty.stdout,
    /FAULT: the key of block 1 with B .*\n {2}Replace the disk.* \[host\.store_damaged\]/,
  );
});

test('"store check" says that an agent runs', async (t) => {
  const { config, data } = await node(t);
  openStore(t, data);
  const { status, stderr, stdout } = check('--config', config, '--json');
  assert.equal(status, 3);
  assert.match(stderr, /host\.store_locked/);
  assert.equal((JSON.parse(stdout) as { error: { code: string } }).error.code, 'host.store_locked');
});

test('"store check" makes no salt for a passphrase', async (t) => {
  const { config, data } = await node(t);
  fs.writeFileSync(join(config, '../phrase'), 'a phrase\n', { mode: 0o600 });
  fs.writeFileSync(config, sound.replace('file: node.key', 'passphrase_file: phrase'));
  assertUnchanged(data, () => {
    const { status, stderr } = check('--config', config);
    assert.equal(status, 3);
    assert.match(stderr, /host\.store_salt_missing/);
  });
});
