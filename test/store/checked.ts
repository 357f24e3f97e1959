import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { systemDisk } from '../../src/node/disk.ts';
import { SecretBytes } from '../../src/secret/secret-bytes.ts';
import { Allocator } from '../../src/store/allocator.ts';
import { checkStore, type StoreReport } from '../../src/store/check/check.ts';
import { ManualClock } from '../manual-clock.ts';
import { addBlock, closeStore, keyOf, openStore, quickDirectoryFor } from './temp-store.ts';

/** A store with something of everything, closed; and its files as a crash would have left them. */
export async function fullStore(t: TestContext): Promise<{ closed: string; crashed: string }> {
  const [closed, crashed] = [quickDirectoryFor(t), quickDirectoryFor(t)];
  const store = openStore(t, closed);
  const pool = store.pool('B');
  const allocator = new Allocator(store);
  for (const own of [true, false]) {
    await addBlock(store, 1, 40, { own, epoch: 1 });
    await addBlock(store, 3, 40, { own, epoch: 1 });
    await addBlock(store, 9, 600, { own, epoch: 1 });
    await addBlock(store, 5, 40, { own, origin: 'link', state: 'received' });
    await store.destroy(await addBlock(store, 7, 8, { own, epoch: 1 }), 'ordered');
  }
  for (const { bytes } of (await allocator.takeKeys(pool, 20, 1)) ?? []) bytes.wipe();
  const wanted = [{ number: 3, index: 5, units: 2 }];
  for (const bytes of (await allocator.open(pool, wanted)) ?? []) bytes.wipe();
  await store.numbers.take('C');
  using bytes = keyOf(1, 1);
  await store.foreign.insert('P', [
    { id: 'one', bytes },
    { id: 'two', bytes },
  ]);
  for (const key of (await store.foreign.take('P', ['two'])) ?? []) key.wipe();
  for (const file of fs.readdirSync(closed)) fs.copyFileSync(join(closed, file), join(crashed, file));
  await closeStore(store);
  return { closed, crashed };
}

export function checked(directory: string, settings: { nodeKey?: number; kmaId?: string } = {}): StoreReport {
  using nodeKey = SecretBytes.copyOf(Buffer.alloc(32, settings.nodeKey ?? 7));
  const nowMs = new ManualClock().wallMs() + 60_000;
  return checkStore({
    disk: systemDisk,
    path: join(directory, 'keys.sqlite'),
    kmaId: settings.kmaId ?? 'A',
    nodeKey,
    nowMs,
  });
}

/** Names, sizes, times and content of all files. */
export function imageOf(directory: string): object {
  return fs.readdirSync(directory).map((name) => {
    const { size, mode, mtimeMs, ino } = fs.statSync(join(directory, name));
    const content = createHash('sha256').update(fs.readFileSync(join(directory, name)));
    return { name, size, mode, mtimeMs, ino, content: content.digest('hex') };
  });
}

export function assertUnchanged(directory: string, look: () => void): void {
  const before = imageOf(directory);
  look();
  assert.deepEqual(imageOf(directory), before);
}
