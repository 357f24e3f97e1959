import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cannotMount, cannotMountLoop, loopMountFor } from '../mount.ts';
import { checked } from '../store/checked.ts';
import { StoreLife } from './store-life.ts';

const SEED = Number(process.env['KEYFERRY_SEED'] ?? 1);

test('a file system that the kernel makes read-only under load: refused, looked at as it is, and whole again when it is mended', {
  skip: cannotMount() || cannotMountLoop(),
}, async (t) => {
  const disk = loopMountFor(t, 32);
  const life = new StoreLife(t, disk.path, SEED);
  life.start();
  await life.until('key is taken', ({ taken }) => taken !== undefined);
  const from = life.lines.length;
  // As ext4 does by itself when its journal cannot be written.
  disk.remount('abort');
  const refused = ({ error, broken }: Record<string, unknown>) => error !== undefined || broken !== undefined;
  await life.until('a write is refused', refused, from);
  await life.kill();
  for (const code of life.codes(from)) assert.match(code, /^host\.store_(write|sync)_failed$/);
  const stopped = life.lines.length;
  life.start();
  assert.equal(await life.ended(), 1);
  assert.deepEqual([...life.codes(stopped)], ['host.store_unusable']);
  assert.deepEqual(checked(disk.path).faults, []);
  disk.repair();
  const mended = life.lines.length;
  life.start();
  await life.until('key is taken again', ({ taken }) => taken !== undefined, mended);
  await life.kill();
  t.diagnostic(`${life.given} units handed out; refused by ${[...life.codes(from)]}`);
  await life.assertKept();
});
