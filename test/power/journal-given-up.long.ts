import assert from 'node:assert/strict';
import fs from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ProvenSync, Witness } from '../../src/disk/proven-sync.ts';
import { systemDisk } from '../../src/node/disk.ts';
import { cannotMount, cannotMountLoop, loopMountFor } from '../mount.ts';

const ROUNDS = 40;
const PAGE = 4096;

type Sync = (fd: number, done: (error: Error | null) => void) => void;

/** Makes a file longer, page by page, while the kernel gives up the journal. @returns pages that were synced, and those that are there when it is mounted again */
async function round(
  t: TestContext,
  delayMs: number,
  proven: boolean,
): Promise<[synced: number, there: number]> {
  const disk = loopMountFor(t, 32);
  const path = join(disk.path, 'file');
  const fd = fs.openSync(path, 'w+');
  const witness = new Witness(systemDisk, join(disk.path, 'witness'));
  const syncs = new ProvenSync(systemDisk, fd, witness, 'longer');
  const sync: Sync = proven ? (_fd, done) => syncs.run(done) : fs.fdatasync;
  let synced = 0;
  const first = Promise.withResolvers<void>();
  const failed = new Promise<void>((resolve) => {
    const next = (): void => {
      try {
        fs.writeSync(fd, Buffer.alloc(PAGE, 1), 0, PAGE, synced * PAGE);
      } catch {
        return resolve();
      }
      sync(fd, (error) => {
        if (error !== null) return resolve();
        synced += 1;
        first.resolve();
        next();
      });
    };
    next();
  });
  await first.promise;
  await new Promise((resolve) => setTimeout(resolve, delayMs));
  await disk.abort();
  await failed;
  fs.closeSync(fd);
  witness.close();
  disk.repair();
  return [synced, fs.statSync(path).size / PAGE];
}

async function lost(t: TestContext, proven: boolean): Promise<number> {
  let rounds = 0;
  for (let at = 0; at < ROUNDS; at++) {
    const [synced, there] = await round(t, 10 + (at % 7) * 3, proven);
    if (there < synced) rounds += 1;
  }
  return rounds;
}

test('what ext4 said it had synced while its journal was given up: a proven sync is there at the next mount', {
  skip: cannotMount() || cannotMountLoop(),
}, async (t) => {
  t.diagnostic(
    `plain syncs that were answered with success and are gone: ${await lost(t, false)} of ${ROUNDS}`,
  );
  assert.equal(await lost(t, true), 0);
});
