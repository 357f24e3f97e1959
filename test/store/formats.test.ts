import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Allocator } from '../../src/store/allocator.ts';
import { assertUnchanged, checked } from './checked.ts';
import { FIXTURE_UNITS, writeFormat } from './format-fixtures.ts';
import { closeStore, editStore, keyOf, openStore, quickDirectoryFor } from './temp-store.ts';

for (const format of [1, 2] as const)
  test(`a store of format ${format} is looked at, opened and brought up to date: key, marks and numbers are as they were`, async (t) => {
    const directory = quickDirectoryFor(t);
    writeFormat(directory, format);
    assertUnchanged(directory, () => assert.deepEqual(checked(directory).faults, []));
    const store = openStore(t, directory);
    const pool = store.pool('B');
    const allocator = new Allocator(store);
    assert.deepEqual([[...pool.own.keys()], [...pool.theirs.keys()]], [[2], [3]]);
    assert.equal(pool.ownLeft, FIXTURE_UNITS - 16);
    const [taken] = (await allocator.takeKeys(pool, 1, 2)) ?? [];
    assert.deepEqual([taken?.number, taken?.index], [2, 16]);
    assert.ok(
      taken?.bytes.view().equals(
        keyOf(2, FIXTURE_UNITS)
          .view()
          .subarray(16 * 32, 18 * 32),
      ),
    );
    const open = (index: number) => allocator.open(pool, [{ number: 3, index, units: 1 }]);
    for (const used of [5, 6]) assert.equal(await open(used), undefined);
    const [opened] = (await open(7)) ?? [];
    assert.ok(
      opened?.view().equals(
        keyOf(3, FIXTURE_UNITS)
          .view()
          .subarray(7 * 32, 8 * 32),
      ),
    );
    assert.ok(store.known('B', true, 4));
    assert.equal(pool.ownEpoch, 2);
    assert.equal(store.meta('store of B'), 'b-store');
    assert.equal(await store.numbers.take('C'), 5000);
    assert.equal(store.foreign.count('P'), format - 1);
    await closeStore(store);
    const again = openStore(t, directory);
    assert.equal(
      await new Allocator(again).open(again.pool('B'), [{ number: 3, index: 7, units: 1 }]),
      undefined,
    );
    await closeStore(again);
    assert.deepEqual(checked(directory).faults, []);
  });

test('a newer format is refused with what to do, and left as it is', async (t) => {
  const directory = quickDirectoryFor(t);
  await closeStore(openStore(t, directory));
  editStore(directory, (db) => db.exec("UPDATE meta SET value = '99' WHERE name = 'format'"));
  for (const _ of [1, 2])
    assert.throws(() => openStore(t, directory), {
      code: 'host.store_format',
      fault: 'host',
      message: /has format 99/,
      remedy: /version of keyferry that made the store/,
    });
  editStore(directory, (db) =>
    assert.equal(db.prepare("SELECT value FROM meta WHERE name = 'format'").get()?.['value'], '99'),
  );
});

for (const format of [1, 2] as const)
  test(`a store of format ${format} with another node key, or of another node, stays as it is; a record that does not open is put aside`, async (t) => {
    const directory = quickDirectoryFor(t);
    writeFormat(directory, format);
    assert.throws(() => openStore(t, directory, { nodeKey: 8 }), { code: 'configuration.wrong_node_key' });
    assert.throws(() => openStore(t, directory, { kmaId: 'B' }), {
      code: 'configuration.store_of_other_node',
    });
    editStore(directory, (db) =>
      db.exec('UPDATE block_key SET sealed = zeroblob(length(sealed)) WHERE block = 1'),
    );
    const store = openStore(t, directory);
    const { own, theirs } = store.pool('B');
    assert.deepEqual([own.size, theirs.size], [0, 1]);
    assert.equal(store.known('B', true, 2), true);
    assert.equal(
      store.inventory.blocks(store.pool('B')).find(({ number }) => number === 2)?.reason,
      'damaged',
    );
  });
