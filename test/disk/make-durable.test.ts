import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeDurable } from '../../src/disk/durable.ts';
import type { Disk } from '../../src/env/disk.ts';
import { systemDisk } from '../../src/node/disk.ts';
import { directoryFor } from '../store/temp-store.ts';

for (const size of [0, 1, 4_120, (5 << 19) + 7]) {
  test(`a file of ${size} bytes is written once more as it is, whatever a write takes at a time, and synced after that`, (t) => {
    const path = join(directoryFor(t), 'file');
    const before = randomBytes(size);
    writeFileSync(path, before);
    const calls: (readonly [number, number] | 'sync')[] = [];
    const writeSync = (fd: number, bytes: Buffer, from: number, length: number, at: number): number => {
      const some = Math.max(1, length >> 1);
      calls.push([at, at + some]);
      return systemDisk.writeSync(fd, bytes, from, some, at);
    };
    const fdatasyncSync = (fd: number): void => {
      calls.push('sync');
      systemDisk.fdatasyncSync(fd);
    };
    const file = openSync(path, 'r+');
    makeDurable({ ...systemDisk, writeSync, fdatasyncSync } as unknown as Disk, file);
    closeSync(file);
    assert.deepEqual(readFileSync(path), before);
    assert.equal(calls.pop(), 'sync');
    let end = 0;
    for (const [from, to] of calls as (readonly [number, number])[]) {
      assert.equal(from, end);
      end = to;
    }
    assert.equal(end, size);
  });
}
