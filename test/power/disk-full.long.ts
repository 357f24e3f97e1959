import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cannotMount, mountFor } from '../mount.ts';
import { fill } from './fill-disk.ts';
import { StoreLife } from './store-life.ts';

const SEED = Number(process.env['KEYFERRY_SEED'] ?? 1);

test(`a disk that fills up under load (seed ${SEED}): writes are refused, nothing acknowledged is lost, no key used twice, and it goes on by itself`, {
  skip: cannotMount(),
}, async (t) => {
  const { path } = mountFor(t, 'size=24m,mode=0700');
  const life = new StoreLife(t, path, SEED);
  life.start();
  await life.until('key is taken', ({ taken }) => taken !== undefined);
  for (let round = 0; round < 2; round++) {
    const full = life.lines.length;
    const free = fill(path);
    await life.until('a write is refused', ({ error }) => error === 'host.store_write_failed', full);
    await new Promise((resolve) => setTimeout(resolve, 100));
    free();
    const freed = life.lines.length;
    await life.until('a block is kept again', ({ kept }) => kept !== undefined, freed);
    await life.until('key is taken again', ({ taken }) => taken !== undefined, freed);
    assert.deepEqual([...life.codes(full)], ['host.store_write_failed']);
  }
  // Killed on a full disk, and started there.
  const free = fill(path);
  const full = life.lines.length;
  await life.until('a write is refused', ({ error }) => error === 'host.store_write_failed', full);
  await life.kill();
  const killed = life.lines.length;
  life.start();
  await life.until(
    'it says how the start went',
    ({ opened, error }) => opened === true || error !== undefined,
    killed,
  );
  await life.kill();
  for (const code of life.codes(killed)) assert.match(code, /^host\.store_(unusable|write_failed)$/);
  free();
  t.diagnostic(`${life.given} units handed out, on a full disk the start says ${[...life.codes(killed)]}`);
  await life.assertKept();
});
