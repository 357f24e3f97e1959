import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { plainKeyId } from '../../src/keys/plain-key-id.ts';
import { Supply } from '../../src/ksa/supply.ts';
import { SecretBytes } from '../../src/secret/secret-bytes.ts';
import { Allocator } from '../../src/store/allocator.ts';
import { addBlock, directoryFor, failNext, openStore } from '../store/temp-store.ts';

// P is a plain KM; of the applications here only alice may fetch its keys.
const applications = new Map([
  ['alice', 'A'],
  ['alan', 'A'],
  ['paul', 'P'],
  ['bob', 'B'],
]);
const fromPaul = (slaveSaeId: string) => ({ masterSaeId: 'paul', slaveSaeId });
const toPaul = { masterSaeId: 'alice', slaveSaeId: 'paul' };

async function setUp(t: TestContext) {
  const store = openStore(t, directoryFor(t));
  const settings = { self: 'A', applications, defaultKeyBits: 128, maxKeyBits: 4096, maxKeysPerRequest: 100 };
  const plain = new Map([['P', new Set(['alice'])]]);
  const supply = new Supply(
    { ...settings, linked: new Set(), peers: new Set(), plain },
    store,
    new Allocator(store),
  );
  const give = async (id: string, text: string) => {
    using bytes = SecretBytes.copyOf(Buffer.from(text));
    assert.equal(await store.foreign.insert('P', [{ id, bytes }]), 'kept');
  };
  const find = async (slave: string, ...ids: string[]) =>
    (await supply.find(fromPaul(slave), ids)).map(({ keyId, bytes }) => [keyId, bytes.view().toString()]);
  return { store, supply, give, find };
}

test('a key that a plain KM relayed is fetched by the ID that it gave, once, in its own size', async (t) => {
  const { supply, give, find } = await setUp(t);
  await give('7', 'seven');
  await give('eight 8', 'x'.repeat(2000));
  assert.deepEqual(await find('alice', 'eight 8', '7'), [
    ['eight 8', 'x'.repeat(2000)],
    ['7', 'seven'],
  ]);
  await assert.rejects(find('alice', '7'), { code: 'application.key_not_found' });
  assert.deepEqual({ ...supply.stats }, { taken: 0, opened: 2 });
});

test('an application that is not named for a plain KMA may not fetch its keys, nor learn whether they are there', async (t) => {
  const { give, find } = await setUp(t);
  await give('7', 'seven');
  for (const id of ['7', '8']) await assert.rejects(find('alan', id), { code: 'application.not_authorised' });
  await assert.rejects(find('bob', '7'), { code: 'application.not_authorised' });
  assert.deepEqual(await find('alice', '7'), [['7', 'seven']]);
});

test('keys of a plain KM are not found as those of another, nor the other way round', async (t) => {
  const { store, supply, find } = await setUp(t);
  using bytes = SecretBytes.copyOf(Buffer.from('of B'));
  await store.foreign.insert('B', [{ id: '7', bytes }]);
  await assert.rejects(find('alice', '7'), { code: 'application.key_not_found' });
  const asked = supply.find({ masterSaeId: 'bob', slaveSaeId: 'alice' }, ['7']);
  await assert.rejects(asked, { code: 'application.key_not_found' });
});

test('a key whose erasure fails is not handed out, and can be fetched later', async (t) => {
  const { store, give, find } = await setUp(t);
  await give('7', 'seven');
  failNext(store);
  await assert.rejects(find('alice', '7'), { code: 'host.store_write_failed' });
  assert.deepEqual(await find('alice', '7'), [['7', 'seven']]);
});

test('towards a plain KM a KSA-key is one KMA-key under the ID it was relayed by, and other sizes are refused', async (t) => {
  const { store, supply } = await setUp(t);
  const block = await addBlock(store, 9, 5, { remote: 'P', epoch: 9 });
  const status = supply.status(toPaul)!;
  assert.deepEqual(
    [status.keySizeBits, status.minKeySizeBits, status.maxKeySizeBits, status.storedKeyCount],
    [256, 256, 256, 4],
  );
  for (const bits of [128, 248, 264, 512])
    await assert.rejects(supply.take(toPaul, 1, bits), { code: 'application.bad_size' });
  const secret = store.pool('P').idSecrets.own.get(9)!.view();
  const taken = await supply.take(toPaul, 3, 256);
  const whole = store.open.lendWhole(block, (key) => Buffer.from(key));
  assert.deepEqual(
    taken.map(({ keyId, bytes }) => [keyId, bytes.view().toString('hex')]),
    [1, 2, 3].map((i) => [plainKeyId(secret, 9, i), whole.toString('hex', 32 * i, 32 * (i + 1))]),
  );
  await assert.rejects(supply.find(fromPaul('alice'), [taken[0]!.keyId, randomUUID()]), {
    code: 'application.key_not_found',
  });
});
