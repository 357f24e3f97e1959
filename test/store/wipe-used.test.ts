import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limits } from '../../src/limits.ts';
import { Allocator } from '../../src/store/allocator.ts';
import type { Block } from '../../src/store/block.ts';
import { BlockRecords } from '../../src/store/block-records.ts';
import type { KeyStore } from '../../src/store/key-store.ts';
import { addBlock, closeStore, directoryFor, failNext, keyOf, openStore } from './temp-store.ts';

const UNITS = 64;

/** The units of a block that are wiped where it lies open. */
function wiped(store: KeyStore, block: Block): number[] {
  const view = store.open.view(block);
  const key = keyOf(block.number, UNITS).view();
  return Array.from({ length: UNITS }, (_, unit) => unit).filter((unit) => {
    const [from, to] = [unit * limits.unitBytes, (unit + 1) * limits.unitBytes];
    const bytes = view.subarray(from, to);
    if (bytes.every((byte) => byte === 0)) return true;
    assert.ok(bytes.equals(key.subarray(from, to)), `unit ${unit} is neither wiped nor what it was`);
    return false;
  });
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

test('own key is wiped in the open block when it is taken, and what was burnt before when the block is opened anew', async (t) => {
  const directory = directoryFor(t);
  const store = openStore(t, directory);
  const block = await addBlock(store, 0, UNITS);
  const allocator = new Allocator(store);
  const taken = await allocator.takeKeys(store.pool('B'), 3, 2);
  assert.ok(
    taken?.[2]?.bytes.view().equals(keyOf(0, UNITS).view().subarray(128, 192)),
    'what was taken is whole',
  );
  assert.deepEqual(wiped(store, block), range(0, 6));
  assert.equal((await allocator.takePad(store.pool('B'), 4))?.bytes.length, 128);
  assert.deepEqual(wiped(store, block), range(0, 10));
  await closeStore(store);
  const again = openStore(t, directory);
  const same = again.pool('B').own.get(0)!;
  await new Allocator(again).takeKeys(again.pool('B'), 1, 1);
  assert.deepEqual(wiped(again, same), range(0, limits.burnStrideUnitsMin + 1));
});

test('their key is wiped in the open block when it is opened, or was a pad; not when a message was forged', async (t) => {
  const directory = directoryFor(t);
  const store = openStore(t, directory);
  const block = await addBlock(store, 0, UNITS, { own: false });
  const allocator = new Allocator(store);
  const pool = store.pool('B');
  const at = (index: number, units: number) => [{ number: 0, index, units }];
  assert.equal(
    allocator.receivePad(pool, at(20, 2), () => false),
    undefined,
  );
  assert.deepEqual(wiped(store, block), []);
  assert.ok(allocator.receivePad(pool, at(20, 2), () => true));
  const [opened] = (await allocator.open(pool, at(7, 1))) ?? [];
  assert.ok(opened?.view().equals(keyOf(0, UNITS).view().subarray(224, 256)), 'what was opened is whole');
  assert.deepEqual(wiped(store, block), [7, 20, 21]);
  await closeStore(store);
  const again = openStore(t, directory);
  assert.ok(new Allocator(again).receivePad(again.pool('B'), at(40, 1), () => true));
  assert.deepEqual(wiped(again, again.pool('B').theirs.get(0)!), [7, 20, 21, 40]);
});

test('key whose opening failed is whole when it is opened afterwards, though another opening wiped what was marked', async (t) => {
  const store = openStore(t, directoryFor(t));
  await addBlock(store, 0, UNITS, { own: false });
  const allocator = new Allocator(store);
  const pool = store.pool('B');
  failNext(store);
  const failing = allocator.open(pool, [{ number: 0, index: 3, units: 1 }]);
  // The first since the block was opened: it wipes all that is marked.
  assert.ok(allocator.receivePad(pool, [{ number: 0, index: 9, units: 1 }], () => true));
  await assert.rejects(failing, { code: 'host.store_write_failed' });
  const [opened] = (await allocator.open(pool, [{ number: 0, index: 3, units: 1 }])) ?? [];
  assert.ok(opened?.view().equals(keyOf(0, UNITS).view().subarray(96, 128)));
});

test('a unit that was an ID secret and is for use again is whole', async (t) => {
  const store = openStore(t, directoryFor(t));
  const pool = store.pool('B');
  const allocator = new Allocator(store);
  await addBlock(store, 2, UNITS, { own: false, epoch: 2 });
  const block = await addBlock(store, 4, UNITS, { origin: 'link', state: 'received', own: false });
  store.open.view(block);
  await store.markReady(block, 2, 4);
  assert.deepEqual(wiped(store, block), [0, 1, 2]);
  await store.markReady(block, 2, 2);
  const [opened] = (await allocator.open(pool, [{ number: 4, index: 2, units: 1 }])) ?? [];
  assert.ok(opened?.view().equals(keyOf(4, UNITS).view().subarray(64, 96)));
  assert.deepEqual(wiped(store, block), [0, 1, 2]);
});

test('wiped key is never handed out: that stops the process', async (t) => {
  const store = openStore(t, directoryFor(t));
  const block = await addBlock(store, 0, UNITS, { own: false });
  const allocator = new Allocator(store);
  const pool = store.pool('B');
  const pad = [{ number: 0, index: 5, units: 3 }];
  assert.ok(allocator.receivePad(pool, pad, () => true));
  block.unuse(5, 3);
  assert.throws(() => allocator.receivePad(pool, pad, () => true), { code: 'us.invariant' });
});

test('no more blocks lie open than may: the one that was not used for longest is wiped', async (t) => {
  const { mock } = t.mock.method(BlockRecords.prototype, 'read');
  const store = openStore(t, directoryFor(t));
  const numbers = Array.from({ length: limits.openBlocksMax + 1 }, (_, i) => i + 1);
  const blocks = await Promise.all(numbers.map((number) => addBlock(store, number, 1)));
  const wipedOnes = () => mock.calls.flatMap(({ result }, i) => (result?.wiped ? [numbers[i]] : []));
  for (const block of blocks.slice(0, -1)) store.open.view(block);
  store.open.view(blocks[0]!);
  assert.deepEqual(wipedOnes(), []);
  store.open.view(blocks.at(-1)!);
  assert.deepEqual(wipedOnes(), [2]);
});
