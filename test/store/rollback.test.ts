import assert from 'node:assert/strict';
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Disk } from '../../src/env/disk.ts';
import { systemDisk } from '../../src/node/disk.ts';
import { GuardFile } from '../../src/node/guard-file.ts';
import { Allocator } from '../../src/store/allocator.ts';
import type { KeyStore } from '../../src/store/key-store.ts';
import { judge } from '../../src/store/rollback.ts';
import { HeldSync } from './held-sync.ts';
import { addBlock, closeStore, directoryFor, Lines, openStore } from './temp-store.ts';

function guarded(t: TestContext) {
  const directory = directoryFor(t);
  const path = join(directoryFor(t), 'guard');
  const log = new Lines();
  const open = () => {
    const guard = new GuardFile(systemDisk, path);
    t.after(() => guard.close());
    return openStore(t, directory, { guard, log });
  };
  return { directory, path, log, open };
}

async function use(store: KeyStore): Promise<void> {
  const [taken] = (await new Allocator(store).takeKeys(store.pool('B'), 1, 1)) ?? [];
  taken!.bytes.wipe();
}

test('a store that nobody put back goes on, over any number of starts, and after a crash', async (t) => {
  const { directory, log, open } = guarded(t);
  let store = open();
  await addBlock(store, 1, 400);
  const { storeId } = store;
  for (let life = 0; life < 4; life++) {
    await use(store);
    const copy = directoryFor(t);
    // What a crash leaves: everything that was written, without an orderly end.
    cpSync(directory, copy, { recursive: true });
    await closeStore(store);
    if (life % 2 === 0) {
      rmSync(directory, { recursive: true });
      cpSync(copy, directory, { recursive: true });
      break;
    }
    store = open();
    assert.equal(store.storeId, storeId);
  }
  assert.deepEqual(log.of('store.rolled_back'), []);
});

test('a store that was put back from a copy made before its last change is discarded whole', async (t) => {
  const { directory, log, open } = guarded(t);
  const store = open();
  await addBlock(store, 1, 400);
  const copy = directoryFor(t);
  cpSync(directory, copy, { recursive: true });
  await use(store);
  await closeStore(store);
  rmSync(directory, { recursive: true });
  cpSync(copy, directory, { recursive: true });
  const again = open();
  assert.equal(log.of('store.rolled_back')[0]?.fields['code'], 'host.store_rolled_back');
  assert.notEqual(again.storeId, store.storeId);
  assert.equal(again.pool('B').ownLeft, 0);
  // The new store is guarded like any other.
  await addBlock(again, 3, 4);
  await closeStore(again);
  assert.equal(open().pool('B').ownLeft, 4);
});

test('a guard that is gone stops the start, and so does that of another store; nothing is lost by it', async (t) => {
  const { path, open } = guarded(t);
  const store = open();
  await addBlock(store, 1, 4);
  await closeStore(store);
  const kept = readFileSync(path);
  rmSync(path);
  assert.throws(open, { code: 'host.guard_missing' });
  writeFileSync(path, 'garbage');
  assert.throws(open, { code: 'host.guard_failed' });
  new GuardFile(systemDisk, path).begin('another');
  assert.throws(open, { code: 'host.guard_of_other_store' });
  writeFileSync(path, kept);
  assert.equal(open().pool('B').ownLeft, 4);
});

test('a write to the guard that is cut short leaves the mark before it', async (t) => {
  const path = join(directoryFor(t), 'guard');
  const guard = new GuardFile(systemDisk, path);
  for (let mark = 1; mark <= 5; mark++) await guard.write({ storeId: 's', mark });
  guard.close();
  const whole = readFileSync(path);
  for (let cut = 0; cut < 512; cut += 7) {
    const torn = Buffer.from(whole);
    // The sixth would have gone where the fourth is.
    torn.fill(0, 512 + cut, 1_024);
    writeFileSync(path, torn);
    const found = new GuardFile(systemDisk, path);
    assert.equal(found.read()?.mark, 5);
    found.close();
  }
});

test('a mark of which a digit was changed is none: the one before it counts', async (t) => {
  const path = join(directoryFor(t), 'guard');
  const guard = new GuardFile(systemDisk, path);
  for (const mark of [41, 42]) await guard.write({ storeId: 's', mark });
  guard.close();
  writeFileSync(path, readFileSync(path, 'latin1').replace(' 42 ', ' 43 '), 'latin1');
  const changed = new GuardFile(systemDisk, path);
  t.after(() => changed.close());
  assert.deepEqual(changed.read(), { storeId: 's', mark: 41 });
});

test('a mark counts as remembered when it is durable, not before', async (t) => {
  const held = new HeldSync();
  const guard = new GuardFile(held.disk, join(directoryFor(t), 'guard'));
  t.after(() => guard.close());
  let remembered = false;
  const writing = guard.write({ storeId: 's', mark: 1 }).then(() => {
    remembered = true;
  });
  await held.asked();
  assert.equal(remembered, false);
  held.letGo();
  await writing;
});

test('the guard hears of a change when it is durable in the store, and is never ahead of it', async (t) => {
  const held = new HeldSync();
  const guard = new GuardFile(systemDisk, join(directoryFor(t), 'guard'));
  t.after(() => guard.close());
  const { mock } = t.mock.method(guard, 'write');
  const store = openStore(t, directoryFor(t), { guard, disk: held.disk });
  const adding = addBlock(store, 1, 4);
  await held.asked();
  const before = mock.callCount();
  held.letGo();
  await adding;
  assert.deepEqual([before, mock.callCount()], [0, 1]);
});

test('a guard that cannot be read is not written over for a new store', (t) => {
  const { path, open } = guarded(t);
  writeFileSync(path, 'garbage');
  assert.throws(open, { code: 'host.guard_failed' });
  assert.equal(readFileSync(path, 'utf8'), 'garbage');
});

test('a guard that is set for a store with key lets it go on; one that is given up as well', async (t) => {
  const directory = directoryFor(t);
  const path = join(directoryFor(t), 'guard');
  const first = openStore(t, directory);
  await addBlock(first, 1, 4);
  await closeStore(first);
  const guard = new GuardFile(systemDisk, path);
  t.after(() => guard.close());
  const second = openStore(t, directory, { guard });
  await addBlock(second, 3, 4);
  await closeStore(second);
  const log = new Lines();
  const third = openStore(t, directory, { log });
  assert.equal(third.pool('B').ownLeft, 8);
  assert.equal(log.of('store.guard_given_up').length, 1);
});

test('a guard that was given up by mistake and is set again finds its store; a copy put back later does not pass for it', async (t) => {
  const { directory, path, log, open } = guarded(t);
  const store = open();
  await addBlock(store, 1, 400);
  await closeStore(store);
  const unguarded = openStore(t, directory);
  await addBlock(unguarded, 3, 400);
  await closeStore(unguarded);
  const copy = directoryFor(t);
  cpSync(directory, copy, { recursive: true });
  const again = open();
  assert.equal(again.storeId, store.storeId);
  assert.equal(again.pool('B').ownLeft, 800);
  assert.deepEqual(log.of('store.rolled_back'), []);
  await use(again);
  await closeStore(again);
  rmSync(directory, { recursive: true });
  cpSync(copy, directory, { recursive: true });
  assert.notEqual(open().storeId, store.storeId);
  assert.equal(log.of('store.rolled_back').length, 1);
  const empty = new GuardFile(systemDisk, `${path}-2`);
  t.after(() => empty.close());
  const other = directoryFor(t);
  cpSync(copy, other, { recursive: true });
  const elsewhere = openStore(t, other, { guard: empty });
  assert.equal(elsewhere.storeId, store.storeId, 'an empty guard in its place is one that is set anew');
});

test('a discard that power cut off is gone on with at the next start', async (t) => {
  for (const condemned of [true, false]) {
    const { directory, open } = guarded(t);
    const store = open();
    await addBlock(store, 1, 4);
    const copy = directoryFor(t);
    cpSync(directory, copy, { recursive: true });
    if (condemned) await store.condemn('B has seen more');
    else await use(store);
    await closeStore(store);
    if (!condemned) {
      rmSync(directory, { recursive: true });
      cpSync(copy, directory, { recursive: true });
    }
    const removing: Disk['rmSync'] = (path, options) => {
      if (!String(path).includes('.sealing')) throw new Error('power is gone');
      systemDisk.rmSync(path, options);
    };
    const dying = { ...systemDisk, rmSync: removing };
    const guard = new GuardFile(systemDisk, join(directoryFor(t), 'guard'));
    t.after(() => guard.close());
    const seen = { storeId: store.storeId, mark: 1_000 };
    guard.begin(store.storeId);
    await guard.write(seen);
    assert.throws(() => openStore(t, directory, { disk: dying, guard }), /power is gone/);
    const next = openStore(t, directory, { guard });
    assert.notEqual(next.storeId, store.storeId);
    assert.equal(next.pool('B').ownLeft, 0);
  }
});

test('a store that a neighbour has convicted is discarded at the next start', async (t) => {
  const directory = directoryFor(t);
  const store = openStore(t, directory);
  await addBlock(store, 1, 4);
  assert.equal((await store.condemn('B has seen more')).code, 'host.store_rolled_back');
  await closeStore(store);
  const again = openStore(t, directory);
  assert.notEqual(again.storeId, store.storeId);
  assert.equal(again.pool('B').ownLeft, 0);
});

test('a store that a neighbour has convicted hands out nothing from that moment on', async (t) => {
  const store = openStore(t, directoryFor(t));
  await addBlock(store, 1, 64);
  await use(store);
  const convicted = store.condemn('B has seen more');
  await assert.rejects(use(store), { code: 'host.store_rolled_back' });
  assert.equal((await convicted).code, 'host.store_rolled_back');
});

test('a new store is not there before its guard knows it: the agent starts again, wherever it was cut off', async (t) => {
  const { directory, path, open } = guarded(t);
  const old = open();
  await addBlock(old, 1, 400);
  await closeStore(old);
  for (const name of readdirSync(directory)) rmSync(join(directory, name));
  const guard = new GuardFile(systemDisk, path);
  t.after(() => guard.close());
  guard.begin = () => {
    throw new Error('the power goes');
  };
  assert.throws(() => openStore(t, directory, { guard }), /the power goes/);
  // Before its first change.
  const store = open();
  await closeStore(store);
  assert.equal(open().storeId, store.storeId);
});

test('judgement: only a store that is at least as far as its guard is sound', () => {
  const store = { storeId: 's' };
  assert.equal(judge({ ...store, mark: undefined }, undefined), 'sound');
  assert.equal(judge({ ...store, mark: 3 }, undefined), 'missing');
  assert.equal(judge({ ...store, mark: 3 }, { storeId: 's', mark: 3 }), 'sound');
  assert.equal(judge({ ...store, mark: 4 }, { storeId: 's', mark: 3 }), 'sound');
  assert.equal(judge({ ...store, mark: 2 }, { storeId: 's', mark: 3 }), 'rolled_back');
  assert.equal(judge({ ...store, mark: undefined }, { storeId: 's', mark: 1 }), 'rolled_back');
  assert.equal(judge({ ...store, mark: 9 }, { storeId: 'o', mark: 3 }), 'other');
});
