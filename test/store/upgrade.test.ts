import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Allocator } from '../../src/store/allocator.ts';
import { held, makeOldStore } from './old-format.ts';
import { addBlock, closeStore, directoryFor, keyOf, openStore } from './temp-store.ts';

for (const format of [1, 2] as const) {
  test(`a store of format ${format} is brought up to date, with all that it holds`, async (t) => {
    const directory = directoryFor(t);
    makeOldStore(directory, format);
    await closeStore(openStore(t, directory));
    const store = openStore(t, directory);
    assert.deepEqual([store.meta('format'), store.meta('note'), store.storeId], ['3', 'kept', 'old-store']);
    const pool = store.pool(held.pool);
    assert.deepEqual([...pool.own.keys()], [3], 'the one that is used in part; the damaged one is put aside');
    for (const number of [3, 5, 7]) assert.equal(store.known(held.pool, true, number), true);
    assert.ok(pool.idSecrets.own.get(held.secretEpoch)?.view().equals(keyOf(99, 1).view()));
    assert.ok((await store.numbers.take(held.pool)) >= held.relayNumber);
    const [taken] = (await new Allocator(store).takeKeys(pool, 1, 2)) ?? [];
    assert.deepEqual([taken?.number, taken?.index], [3, held.burnt]);
    assert.ok(
      taken?.bytes.view().equals(
        keyOf(3, held.units)
          .view()
          .subarray(held.burnt * 32, (held.burnt + 2) * 32),
      ),
    );
    const [foreign] = (await store.foreign.take('P', ['one'])) ?? [];
    if (format === 2) assert.ok(foreign?.view().equals(keyOf(98, 1).view()));
    const added = await addBlock(store, 9, 4);
    assert.ok(store.open.view(added).equals(keyOf(9, 4).view()));
  });

  test(`a store of format ${format} with another node key, or of another node, stays as it is`, async (t) => {
    const directory = directoryFor(t);
    makeOldStore(directory, format);
    assert.throws(() => openStore(t, directory, { nodeKey: 8 }), { code: 'configuration.wrong_node_key' });
    assert.throws(() => openStore(t, directory, { kmaId: 'B' }), {
      code: 'configuration.store_of_other_node',
    });
    assert.equal(openStore(t, directory).pool(held.pool).own.size, 1);
  });
}
