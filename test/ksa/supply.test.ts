import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { AgentError } from '../../src/errors.ts';
import type { ApplicationPair, SuppliedKey } from '../../src/ksa/key-supply.ts';
import { Supply } from '../../src/ksa/supply.ts';
import { limits } from '../../src/limits.ts';
import { Allocator } from '../../src/store/allocator.ts';
import type { KeyStore } from '../../src/store/key-store.ts';
import { addBlock, closeStore, directoryFor, failNext, openStore } from '../store/temp-store.ts';

const applications = new Map([
  ['alice', 'A'],
  ['alan', 'A'],
  ['bob', 'B'],
  ['bill', 'B'],
]);
const pair = (masterSaeId: string, slaveSaeId: string): ApplicationPair => ({ masterSaeId, slaveSaeId });
const aliceBob = pair('alice', 'bob');
const code = (wanted: string) => (thrown: AgentError) =>
  thrown.code === wanted && thrown.fault === 'application';
const poolEmpty = { code: 'kma.pool_empty' };
const textOf = (keys: readonly SuppliedKey[]) =>
  keys.map(({ keyId, bytes }) => [keyId, bytes.view().toString('hex')]);

function supplyOf(self: string, store: KeyStore, linked: string[] = []): Supply {
  const settings = { self, applications, defaultKeyBits: 256, maxKeyBits: 4096, maxKeysPerRequest: 100 };
  return new Supply(
    { ...settings, linked: new Set(linked), peers: new Set(linked), plain: new Map() },
    store,
    new Allocator(store),
  );
}

/** Nodes A and B that share blocks in both directions, each beginning an epoch. */
async function setUp(t: TestContext, blocks = 1, units = 41, linked = false) {
  const directories = { A: directoryFor(t), B: directoryFor(t) };
  const stores = {
    A: openStore(t, directories.A, { kmaId: 'A' }),
    B: openStore(t, directories.B, { kmaId: 'B' }),
  };
  for (let number = 1; number <= blocks; number++)
    for (const own of [true, false]) {
      await addBlock(stores.A, number + (own ? 0 : 100), units, { remote: 'B', own, epoch: own ? 1 : 101 });
      await addBlock(stores.B, number + (own ? 100 : 0), units, { remote: 'A', own, epoch: own ? 101 : 1 });
    }
  const [a, b] = [supplyOf('A', stores.A, linked ? ['B'] : []), supplyOf('B', stores.B, linked ? ['A'] : [])];
  return { a, b, stores, directories };
}

test('whoever asks for key of another application is not authorised, whatever stands beside it', async (t) => {
  const { a, b, stores } = await setUp(t);
  const [own] = await a.take(aliceBob, 1, 256);
  const [older] = await a.take(aliceBob, 1, 256);
  const [ofAlan] = await a.take(pair('alan', 'bob'), 1, 256);
  // A newer epoch.
  await addBlock(stores.A, 7, 41, { remote: 'B', own: true, epoch: 7 });
  await addBlock(stores.B, 7, 41, { remote: 'A', own: false, epoch: 7 });
  const guess = '0954ff35-bd47-4684-b6d6-96c1e59bbda7';
  for (const [slave, ids] of [
    ['bill', [older!.keyId]],
    ['bill', [ofAlan!.keyId]],
    ['bill', [guess, own!.keyId]],
    ['bill', ['no UUID', guess, ofAlan!.keyId]],
  ] as const)
    await assert.rejects(b.find(pair('alice', slave), ids), code('application.not_authorised'), ids.join());
  const missing = code('application.key_not_found');
  await assert.rejects(b.find(aliceBob, [ofAlan!.keyId]), missing, 'it is his, under another master');
  await assert.rejects(b.find(aliceBob, [own!.keyId, guess]), missing);
  await assert.rejects(b.find(pair('alice', 'bill'), [guess]), missing);
  const many = Array.from({ length: limits.supplyRefusalTriesMax }, () => guess);
  await assert.rejects(
    b.find(pair('alice', 'bill'), [...many, own!.keyId]),
    missing,
    'there is an end to it',
  );
  assert.equal((await b.find(aliceBob, [own!.keyId])).length, 1, 'nothing was burnt');
});

test('what the master takes, the slave finds by ID, in the order in which it asks', async (t) => {
  const { a, b } = await setUp(t);
  const taken = await a.take(aliceBob, 5, 256);
  assert.equal(new Set(taken.map(({ keyId }) => keyId)).size, 5);
  const wanted = [taken[3]!, taken[0]!, taken[4]!];
  const found = await b.find(
    aliceBob,
    wanted.map(({ keyId }) => keyId),
  );
  assert.deepEqual(textOf(found), textOf(wanted));
  const other = await b.take(pair('bob', 'alice'), 2, 256);
  assert.deepEqual(
    textOf(
      await a.find(
        pair('bob', 'alice'),
        other.map(({ keyId }) => keyId),
      ),
    ),
    textOf(other),
  );
});

test('a key has the size that was asked for, to the byte, at both ends', async (t) => {
  const { a, b } = await setUp(t, 2, 300);
  for (const bits of [64, 72, 128, 248, 256, 264, 4000, 4096]) {
    const [key] = await a.take(aliceBob, 1, bits);
    assert.equal(key!.bytes.length, bits / 8);
    const [found] = await b.find(aliceBob, [key!.keyId]);
    assert.deepEqual(textOf([found!]), textOf([key!]));
  }
});

test('keys never overlap, whatever their sizes', async (t) => {
  const { a, stores } = await setUp(t, 2, 200);
  const keys = [
    ...(await a.take(aliceBob, 3, 264)),
    ...(await a.take(aliceBob, 4, 64)),
    ...(await a.take(aliceBob, 2, 1024)),
  ];
  const pieces = keys.map(({ bytes }) => bytes.view().toString('hex').slice(0, 16));
  assert.equal(new Set(pieces).size, keys.length);
  assert.equal(stores.A.pool('B').ownLeft, 199 + 200 - 3 * 2 - 4 - 2 * 4);
});

for (const [bits, number, wanted] of [
  [56, 1, 'application.bad_size'],
  [65, 1, 'application.bad_size'],
  [4104, 1, 'application.bad_size'],
  [0, 1, 'application.bad_size'],
  [Number.NaN, 1, 'application.bad_size'],
  [256, 0, 'application.too_many'],
  [256, 101, 'application.too_many'],
] as const)
  test(`${number} keys of ${bits} bits are refused as ${wanted}`, async (t) => {
    const { a, stores } = await setUp(t);
    await assert.rejects(a.take(aliceBob, number, bits), code(wanted));
    assert.equal(stores.A.pool('B').ownLeft, 40);
  });

test('only applications of this node are served, and only together with those of another', async (t) => {
  const { a } = await setUp(t);
  await assert.rejects(a.take(pair('bob', 'alice'), 1, 256), code('application.not_authorised'));
  await assert.rejects(a.take(pair('eve', 'bob'), 1, 256), code('application.not_authorised'));
  await assert.rejects(a.take(pair('alice', 'eve'), 1, 256), code('application.unknown_sae'));
  await assert.rejects(a.take(pair('alice', 'alan'), 1, 256), code('application.unknown_sae'));
  await assert.rejects(a.find(pair('alice', 'bob'), ['x']), code('application.not_authorised'));
  await assert.rejects(a.find(pair('eve', 'alice'), ['x']), code('application.unknown_sae'));
  assert.equal(a.status(pair('alice', 'eve')), undefined);
});

test('an ID opens for its own pair alone, and a wrong try costs the right one nothing', async (t) => {
  const { a, b } = await setUp(t);
  const [key] = await a.take(aliceBob, 1, 256);
  const keyId = key!.keyId;
  await assert.rejects(b.find(pair('alice', 'bill'), [keyId]), code('application.not_authorised'));
  await assert.rejects(b.find(pair('alan', 'bob'), [keyId]), code('application.key_not_found'));
  await assert.rejects(a.find(pair('bob', 'alice'), [keyId]), code('application.key_not_found'));
  assert.deepEqual(textOf(await b.find(aliceBob, [keyId])), textOf([key!]));
});

test('an ID opens once, also when it is named twice in one request and after a restart', async (t) => {
  const { a, b, stores, directories } = await setUp(t);
  const [one, two] = (await a.take(aliceBob, 2, 256)).map(({ keyId }) => keyId);
  await assert.rejects(b.find(aliceBob, [one!, one!]), code('application.key_not_found'));
  assert.equal((await b.find(aliceBob, [one!])).length, 1);
  await assert.rejects(b.find(aliceBob, [one!]), code('application.key_not_found'));
  await closeStore(stores.B);
  const again = supplyOf('B', openStore(t, directories.B, { kmaId: 'B' }));
  await assert.rejects(again.find(aliceBob, [one!]), code('application.key_not_found'));
  assert.equal((await again.find(aliceBob, [two!])).length, 1);
});

test('of requests for one ID at one time, one has it', async (t) => {
  const { a, b } = await setUp(t);
  const [key] = await a.take(aliceBob, 1, 256);
  const all = await Promise.allSettled([1, 2, 3].map(() => b.find(aliceBob, [key!.keyId])));
  assert.equal(all.filter(({ status }) => status === 'fulfilled').length, 1);
});

test('all IDs of a request are found or none is spent', async (t) => {
  const { a, b } = await setUp(t);
  const ids = (await a.take(aliceBob, 3, 256)).map(({ keyId }) => keyId);
  const unknown = '00000000-0000-4000-8000-000000000000';
  await assert.rejects(b.find(aliceBob, [...ids, unknown]), code('application.key_not_found'));
  await b.find(aliceBob, [ids[1]!]);
  await assert.rejects(b.find(aliceBob, ids), code('application.key_not_found'));
  assert.equal((await b.find(aliceBob, [ids[0]!, ids[2]!])).length, 2);
});

test('a pool gives all the keys that are asked for or none, and says what it holds', async (t) => {
  const { a, stores } = await setUp(t);
  assert.equal(a.status(aliceBob)?.storedKeyCount, 40);
  await assert.rejects(a.take(aliceBob, 41, 256), poolEmpty);
  assert.equal(stores.A.pool('B').ownLeft, 40);
  assert.equal((await a.take(aliceBob, 40, 256)).length, 40);
  assert.equal(a.status(aliceBob)?.storedKeyCount, 0);
  await assert.rejects(a.take(aliceBob, 1, 64), poolEmpty);
});

test('in a pool that also gives the pads of its link a reserve stays', async (t) => {
  const { a, stores } = await setUp(t, 1, 101, true);
  assert.equal(a.status(aliceBob)?.storedKeyCount, 100 - limits.padReserveUnits);
  await assert.rejects(a.take(aliceBob, 37, 256), poolEmpty);
  assert.equal((await a.take(aliceBob, 36, 256)).length, 36);
  await assert.rejects(a.take(aliceBob, 1, 64), poolEmpty);
  assert.equal(stores.A.pool('B').ownLeft, limits.padReserveUnits);
});

for (const linked of [true, false])
  test(`key that is fetched quickly is ${linked ? 'not ' : ''}burnt ahead in a pool that ${linked ? 'also gives' : 'does not give'} pads`, async (t) => {
    const { a, b, stores } = await setUp(t, 1, 200, linked);
    const before = stores.B.commit.commits;
    for (let i = 0; i < 120; i++) {
      const [key] = await a.take(aliceBob, 1, 256);
      assert.equal((await b.find(aliceBob, [key!.keyId])).length, 1);
    }
    const commits = stores.B.commit.commits - before;
    assert.ok(linked ? commits >= 120 : commits < 60, `${commits} transactions for 120 keys`);
  });

test('requests at one time do not eat into the reserve', async (t) => {
  const { a, stores } = await setUp(t, 1, 101, true);
  await Promise.allSettled([1, 2, 3].map(() => a.take(aliceBob, 36, 256)));
  assert.equal(stores.A.pool('B').ownLeft, limits.padReserveUnits);
});

test('key that could not be burnt is not supplied, and is there for the next request', async (t) => {
  const { a, b, stores } = await setUp(t);
  failNext(stores.A);
  await assert.rejects(a.take(aliceBob, 2, 256), { code: 'host.store_write_failed' });
  const keys = await a.take(aliceBob, 2, 256);
  const ids = keys.map(({ keyId }) => keyId);
  failNext(stores.B);
  await assert.rejects(b.find(aliceBob, ids), { code: 'host.store_write_failed' });
  assert.deepEqual(textOf(await b.find(aliceBob, ids)), textOf(keys));
});

test('IDs of older epochs open as long as these are kept', async (t) => {
  const { a, b, stores } = await setUp(t);
  const [old] = await a.take(aliceBob, 1, 256);
  for (let epoch = 2; epoch <= limits.theirIdEpochsMax; epoch++) {
    await addBlock(stores.A, epoch, 4, { remote: 'B', own: true, epoch });
    await addBlock(stores.B, epoch, 4, { remote: 'A', own: false, epoch });
  }
  assert.equal((await b.find(aliceBob, [old!.keyId])).length, 1);
});
