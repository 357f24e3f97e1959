import assert from 'node:assert/strict';
import { existsSync, linkSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemDisk } from '../../src/node/disk.ts';
import { Allocator } from '../../src/store/allocator.ts';
import { addBlock, directoryFor, openStore } from './temp-store.ts';

for (const failing of [false, true])
  test(`a zeroized store has no key in memory${failing ? ', also where the disk keeps its store key' : ' and none on disk'}`, async (t) => {
    const directory = directoryFor(t);
    const sealing = join(directory, 'keys.sealing');
    let isReadOnly = false;
    const openSync: typeof systemDisk.openSync = (path, ...rest) => {
      if (isReadOnly && path === sealing) throw Object.assign(new Error('read-only'), { code: 'EROFS' });
      return systemDisk.openSync(path, ...rest);
    };
    const store = openStore(t, directory, { disk: { ...systemDisk, openSync } });
    const block = await addBlock(store, 1, 64);
    const pool = store.pool('B');
    const allocator = new Allocator(store);
    for (const { bytes } of (await allocator.takeKeys(pool, 1, 1)) ?? assert.fail()) bytes.wipe();
    const key = store.open.view(block);
    assert.ok(key.some((byte) => byte !== 0));
    isReadOnly = failing;
    if (failing) assert.throws(() => store.zeroize(), { code: 'EROFS' });
    else assert.ok(store.zeroize().includes(sealing));
    assert.equal(await allocator.takeKeys(pool, 1, 1), undefined);
    assert.deepEqual([pool.ownLeft, block.ended, existsSync(sealing)], [0, true, failing]);
    assert.ok(key.every((byte) => byte === 0));
  });

test('a zeroization destroys what it can where it cannot destroy all, and overwrites a key file that was cut short', async (t) => {
  const directory = directoryFor(t);
  const at = (name: string) => join(directory, name);
  let fails = false;
  const rmSync: typeof systemDisk.rmSync = (path, ...rest) => {
    if (fails && path === at('keys.sqlite')) throw new Error('EPERM');
    systemDisk.rmSync(path, ...rest);
  };
  const store = openStore(t, directory, { disk: { ...systemDisk, rmSync } });
  await addBlock(store, 1, 4_000);
  writeFileSync(at('keys.sealing.new'), Buffer.alloc(111, 0xa5));
  linkSync(at('keys.sealing.new'), at('its bytes'));
  fails = true;
  assert.throws(() => store.zeroize(), /EPERM/);
  assert.deepEqual(readdirSync(directory).sort(), ['its bytes', 'keys.sqlite']);
  assert.equal(readFileSync(at('its bytes')).length, 0);
});
