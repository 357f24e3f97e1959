import assert from 'node:assert/strict';
import { existsSync, linkSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openFolder } from '../../drivers/ports/folder.ts';
import { overwriteAndRemove } from '../../src/disk/durable.ts';
import { systemDisk } from '../../src/node/disk.ts';
import { systemEntropy } from '../../src/node/entropy.ts';
import { SecretBytes } from '../../src/secret/secret-bytes.ts';
import { StoreKeyFile } from '../../src/store/store-key.ts';
import { directoryFor } from '../store/temp-store.ts';

const KEY = 0xa5;

/** Gives a file another name, by which it can be looked at when it is gone: how many bytes there are, and which. */
function kept(t: TestContext, path: string): () => string {
  const other = join(directoryFor(t), 'other');
  linkSync(path, other);
  return () => {
    const bytes = readFileSync(other);
    const values = [...new Set(bytes)].map((value) => value.toString(16));
    return `${bytes.length} of ${values.join()}`;
  };
}

test('a file that is destroyed is overwritten to its end, durably, before it is emptied and removed', (t) => {
  const path = join(directoryFor(t), 'file');
  writeFileSync(path, Buffer.alloc(700, KEY));
  const bytes = kept(t, path);
  const seen: string[] = [];
  const disk = {
    ...systemDisk,
    fsyncSync: (file: number) => {
      seen.push(`${bytes()} synced`);
      systemDisk.fsyncSync(file);
    },
    ftruncateSync: (file: number, size?: number) => {
      seen.push(`cut to ${size}`);
      systemDisk.ftruncateSync(file, size);
    },
  };
  assert.equal(overwriteAndRemove(disk, path), true);
  assert.deepEqual(seen.slice(0, 3), ['700 of ff synced', 'cut to 0', '0 of  synced']);
  assert.equal(existsSync(path), false);
});

test('the store keys that a newer file replaces are overwritten where they lie', (t) => {
  const path = join(directoryFor(t), 'keys.sealing');
  const file = new StoreKeyFile(systemDisk, path, systemEntropy);
  using nodeKey = SecretBytes.copyOf(Buffer.alloc(32, 7));
  using nextKey = SecretBytes.copyOf(Buffer.alloc(32, 8));
  const first = file.create(nodeKey);
  first.key.wipe();
  for (const replace of [
    () => file.addNext(nodeKey, nextKey).key.wipe(),
    () => file.keepOnly(first.id),
    () => file.create(nodeKey).key.wipe(),
  ]) {
    const { size } = statSync(path);
    const bytes = kept(t, path);
    replace();
    assert.equal(bytes(), `${size} of ff`);
  }
});

for (const [how, name] of [
  ['is erased', '1.key'],
  ['an earlier run had begun to erase', '.keyferry-erasing-1.key'],
] as const)
  test(`a file of key that ${how} is overwritten to its end before it is deleted`, async (t) => {
    const folder = directoryFor(t);
    const path = join(folder, name);
    writeFileSync(path, Buffer.alloc(150_000, KEY));
    const bytes = kept(t, path);
    const open = await openFolder(folder);
    t.after(() => open.close());
    if (existsSync(path)) await open.erase(name);
    assert.equal(existsSync(path), false);
    assert.equal(bytes(), '150000 of 0');
  });
