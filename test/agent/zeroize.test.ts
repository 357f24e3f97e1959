import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemWorld } from '../../src/agent/world.ts';
import { zeroizeFiles } from '../../src/agent/zeroize.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { Disk } from '../../src/env/disk.ts';
import { systemDisk } from '../../src/node/disk.ts';
import { readZeroized, refuseZeroized } from '../../src/node/zeroized-mark.ts';
import { sound } from '../config/fault-cases.ts';
import { addBlock, closeStore, directoryFor, openStore } from '../store/temp-store.ts';

const MAIN = join(import.meta.dirname, '../../src/main.ts');

test('a node that is zeroized by its files keeps nothing but the mark of it, and its agent does not start: exit code 3', async (t) => {
  const folder = directoryFor(t);
  const [data, config] = [join(folder, 'data'), join(folder, 'config.yaml')];
  mkdirSync(data, { mode: 0o700 });
  writeFileSync(config, sound);
  writeFileSync(join(folder, 'node.key'), Buffer.alloc(32, 7), { mode: 0o600 });
  const store = openStore(t, data);
  await addBlock(store, 1, 4);
  await closeStore(store);
  const done = await zeroizeFiles(systemWorld, loadConfig(config), 'a drill');
  assert.deepEqual([done.failures, done.agent, done.keys], [[], 'not_running', null]);
  assert.deepEqual([readdirSync(folder), readdirSync(data)], [['config.yaml', 'data'], ['zeroized']]);
  assert.match(readZeroized(systemDisk, data) ?? '', /^\d{4}-\d\d-\d\dT\S+Z a drill$/);
  const { status, stderr } = spawnSync(process.execPath, [MAIN, 'run', config], { encoding: 'utf8' });
  assert.equal(status, 3, stderr);
  assert.match(stderr, /this node was zeroized: .* a drill\n.*keyferry commission.*\[host\.zeroized\]/);
});

test('a mark that another user has set, and who alone can read it, is a mark', (t) => {
  const data = directoryFor(t);
  const disk = {
    ...systemDisk,
    readFileSync: () => {
      throw Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' });
    },
  } as Disk;
  assert.match(readZeroized(disk, data) ?? '', /another user/);
  assert.throws(() => refuseZeroized(disk, data), { code: 'host.zeroized' });
  assert.equal(readZeroized(systemDisk, data), undefined);
});
