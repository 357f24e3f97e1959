import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StoreIdentity } from '../../src/kma/store-identity.ts';
import { addBlock, Lines, openStore, quickDirectoryFor } from '../store/temp-store.ts';

test('a neighbour that becomes a plain KM knows nothing of what was shared with it; one that was always plain keeps its own', async (t) => {
  const store = openStore(t, quickDirectoryFor(t));
  const identity = new StoreIdentity(store, new Lines());
  for (const remote of ['B', 'P']) await addBlock(store, 1, 4, { remote });
  await identity.check('B', 'its store');
  for (const remote of ['B', 'P']) await identity.check(remote, '');
  assert.deepEqual([store.pool('B').heldUnits, store.pool('P').heldUnits], [0, 4]);
  await addBlock(store, 3, 4);
  await identity.check('B', '');
  assert.equal(store.pool('B').heldUnits, 4, 'once');
});

test('the new store of a neighbour is not remembered before the key shared with the old one is forgotten', async (t) => {
  const store = openStore(t, quickDirectoryFor(t));
  const identity = new StoreIdentity(store, new Lines());
  const remembered = () => store.meta('store of B');
  await identity.check('B', 'the old one');
  await addBlock(store, 1, 4);
  const { forgetPool } = store;
  store.forgetPool = async () => {
    throw new Error('the disk takes nothing');
  };
  await assert.rejects(identity.check('B', 'the new one'), /the disk takes nothing/);
  assert.equal(remembered(), 'the old one');
  store.forgetPool = forgetPool;
  await identity.check('B', 'the new one');
  assert.equal(remembered(), 'the new one');
  assert.equal(store.pool('B').heldUnits, 0);
});
