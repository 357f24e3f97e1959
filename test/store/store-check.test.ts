import assert from 'node:assert/strict';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openToLook } from '../../src/store/check/open.ts';
import type { KeyStore } from '../../src/store/key-store.ts';
import { cannotMount, mountFor } from '../mount.ts';
import { assertUnchanged, checked, fullStore } from './checked.ts';
import { addBlock, closeStore, editStore, openStore, quickDirectoryFor } from './temp-store.ts';

const copyOf = (from: string, to: string) => {
  for (const file of fs.readdirSync(from)) fs.copyFileSync(join(from, file), join(to, file));
  return to;
};

test('a sound store is found sound, all of it is counted, and no byte of its files is changed', async (t) => {
  const { closed, crashed } = await fullStore(t);
  for (const directory of [closed, crashed])
    assertUnchanged(directory, () => {
      const { faults, looked } = checked(directory);
      assert.deepEqual(faults, []);
      const counts = Object.fromEntries(looked.map(({ what, count }) => [what, count]));
      const { files, pages, 'transactions in the log': log, ...rest } = counts;
      assert.deepEqual(rest, {
        'facts about the store': 4,
        blocks: 10,
        strides: 1,
        'ID secrets': 2,
        counters: 1,
        'keys of plain KMs': 2,
      });
      assert.ok(pages! > 10 && files === (directory === closed ? 4 : 5));
      assert.equal(log! > 10, directory === crashed);
    });
});

test('it can be looked at on a disk that is read-only, after a crash as well', {
  skip: cannotMount(),
}, async (t) => {
  const { closed, crashed } = await fullStore(t);
  for (const from of [closed, crashed]) {
    const mount = mountFor(t, 'size=8m,mode=0700');
    copyOf(from, mount.path);
    mount.remount('ro');
    assertUnchanged(mount.path, () => {
      const { faults, looked } = checked(mount.path);
      assert.deepEqual(faults, []);
      assert.equal(looked.find(({ what }) => what === 'blocks')?.count, 10);
    });
  }
});

test('the store of a running agent is not looked at, nor can one start on it meanwhile', async (t) => {
  const directory = quickDirectoryFor(t);
  const store = openStore(t, directory);
  assert.throws(() => checked(directory), { code: 'host.store_locked' });
  await closeStore(store);
  const looking = openToLook(join(directory, 'keys.sqlite'));
  assert.throws(() => openStore(t, directory), { code: 'host.store_locked' });
  looking.close();
  openStore(t, directory);
});

/** Looks at a store, with something done just after the look has listed the files that there are. */
function lookWith(t: TestContext, directory: string, done: () => void): void {
  const before = fs.readdirSync(directory);
  const restore = () => {
    t.mock.restoreAll();
    syncBuiltinESMExports();
  };
  t.mock.method(fs, 'readdirSync', () => {
    restore();
    done();
    return before;
  });
  syncBuiltinESMExports();
  try {
    openToLook(join(directory, 'keys.sqlite')).close();
  } finally {
    restore();
  }
}

test('a look beside which an agent starts leaves it its log, whether it runs or has crashed', async (t) => {
  const directory = quickDirectoryFor(t);
  await closeStore(openStore(t, directory));
  let agent: KeyStore | undefined;
  const starts = () => {
    agent = openStore(t, directory);
  };
  assert.throws(() => lookWith(t, directory, starts), { code: 'host.store_locked' });
  await addBlock(agent!, 1, 4);
  const crashed = copyOf(directory, quickDirectoryFor(t));
  await closeStore(agent!);
  lookWith(t, directory, () => copyOf(crashed, directory));
  assert.equal(openStore(t, directory).pool('B').ownLeft, 4);
});

test('where there is no store, that is said, and none is made', (t) => {
  const directory = quickDirectoryFor(t);
  assert.throws(() => checked(directory), { code: 'host.store_missing' });
  assert.deepEqual(fs.readdirSync(directory), []);
});

/** What is done to a sound store, and a word of the fault that has to be found. */
const PLANTED: readonly (readonly [sql: string, code: string, message: RegExp])[] = [
  ['DELETE FROM block_key WHERE block = 1', 'host.store_damaged', /key of block 1 with B .* is gone/],
  [
    "UPDATE block_key SET sealed = CAST(substr(sealed, 1, 70) || 'x' || substr(sealed, 72) AS BLOB)",
    'host.store_damaged',
    /cannot be opened/,
  ],
  [
    'UPDATE block_key SET sealed = zeroblob(99) WHERE block = 1',
    'host.store_damaged',
    /has 99 bytes in place of/,
  ],
  ['UPDATE block SET sealed_key = NULL WHERE id = 1', 'host.store_damaged', /key of block 1 .* is gone/],
  [
    'UPDATE block SET extent = 99 WHERE own = 1 AND extent IS NOT NULL',
    'host.store_damaged',
    /beyond the end/,
  ],
  ['UPDATE block SET extent = 0 WHERE extent IS NOT NULL', 'host.store_inconsistent', /lie in one place/],
  ['UPDATE block SET units = 39 WHERE id = 1', 'host.store_damaged', /in place of/],
  ['UPDATE block SET number = 11 WHERE id = 1', 'host.store_damaged', /cannot be opened/],
  ['UPDATE block SET first = first - 1 WHERE first > 0', 'host.store_damaged', /cannot be opened/],
  ['UPDATE block SET epoch = epoch + 2 WHERE id = 2', 'host.store_damaged', /cannot be opened/],
  ["UPDATE block SET state = 'reaby' WHERE id = 1", 'host.store_inconsistent', /state "reaby"/],
  ['UPDATE block SET first = 41 WHERE id = 1', 'host.store_inconsistent', /first unit at 41/],
  ['UPDATE block SET number = -1 WHERE id = 1', 'host.store_inconsistent', /number out of range/],
  ["UPDATE block SET state = 'destroyed' WHERE id = 1", 'host.store_inconsistent', /still has key/],
  ['DELETE FROM block WHERE id = 2', 'host.store_inconsistent', /key of row 2, but no such block/],
  ['UPDATE burnt_to SET unit = unit - 1', 'host.store_inconsistent', /burnt up to .* and its strides up to/],
  ['UPDATE burnt_to SET unit = 41', 'host.store_inconsistent', /burnt up to 41/],
  ["UPDATE burnt_set SET units = x'000000000000000000'", 'host.store_damaged', /marks of used key/],
  ['INSERT INTO burnt_set SELECT block, units FROM burnt_set WHERE 0', '', /^$/],
  ["INSERT INTO burnt_set VALUES (1, x'0000000000')", 'host.store_inconsistent', /marks as one of theirs/],
  ['UPDATE burn_record SET to_unit = from_unit', 'host.store_inconsistent', /ends where it begins/],
  [
    'INSERT INTO burn_record (block, from_unit, to_unit, at_ms) SELECT block, from_unit, to_unit, 1 FROM burn_record',
    'host.store_inconsistent',
    /was burnt twice/,
  ],
  ['UPDATE id_secret SET epoch = 3 WHERE own = 1', 'host.store_damaged', /ID secret B own 3/],
  ['UPDATE counter SET upto = -5', 'host.store_inconsistent', /counter C/],
  [
    "UPDATE foreign_key SET key_id = 'other' WHERE sealed IS NOT NULL",
    'host.store_damaged',
    /foreign key P other/,
  ],
  ["UPDATE meta SET value = '99' WHERE name = 'format'", 'host.store_format', /format 99/],
  ["UPDATE meta SET value = 'Z' WHERE name = 'kma_id'", 'configuration.store_of_other_node', /KMA Z/],
  ['DROP TABLE burnt_to', 'host.store_damaged', /not the tables/],
];

test(`each of ${PLANTED.length - 1} planted faults is found, and the look changes nothing`, async (t) => {
  const { closed } = await fullStore(t);
  for (const [sql, code, message] of PLANTED) {
    const directory = copyOf(closed, quickDirectoryFor(t));
    editStore(directory, (db) => db.exec(`PRAGMA journal_mode = DELETE; ${sql}; PRAGMA journal_mode = WAL`));
    assertUnchanged(directory, () => {
      const { faults } = checked(directory);
      if (code === '') return assert.deepEqual(faults, [], sql);
      assert.ok(
        faults.some((fault) => fault.code === code && message.test(fault.message)),
        `${sql}: ${JSON.stringify(faults)}`,
      );
    });
  }
});

test('a wrong node key is one fault, not one for each record', async (t) => {
  const { closed } = await fullStore(t);
  const { faults, notes } = checked(closed, { nodeKey: 8 });
  assert.deepEqual(
    faults.map(({ code }) => code),
    ['configuration.wrong_node_key'],
  );
  assert.ok(notes.includes('no sealed record was opened'));
});

test('files that others can read or own are faults', async (t) => {
  const { closed } = await fullStore(t);
  fs.chmodSync(join(closed, 'keys.sqlite'), 0o640);
  assert.deepEqual(
    checked(closed).faults.map(({ code }) => code),
    ['host.store_open_to_others'],
  );
  fs.chmodSync(join(closed, 'keys.sqlite'), 0o600);
  if (process.getuid?.() !== 0) return t.diagnostic('skipped in part: another owner takes root');
  fs.chownSync(join(closed, 'keys.sqlite'), 65_534, 65_534);
  assert.deepEqual(
    checked(closed).faults.map(({ code }) => code),
    ['host.store_other_owner'],
  );
});
