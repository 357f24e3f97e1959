import assert from 'node:assert/strict';
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Random } from '../fuzz/random.ts';
import { liveAndDie } from '../power/killed-store.ts';
import { StoreTruth } from '../power/store-truth.ts';
import { directoryFor } from './temp-store.ts';

const KILLS = Number(process.env['KEYFERRY_STORE_KILLS'] ?? 12);
const SEED = Number(process.env['KEYFERRY_SEED'] ?? 1);
const LINES_MAX = 800;

test(`kill -9 of a store under load, ${KILLS} times (seed ${SEED}): what was acknowledged is there, and nothing is given out twice`, async (t) => {
  const root = directoryFor(t);
  const [directory, copy, cache] = [join(root, 'store'), join(root, 'copy'), join(root, 'cache')];
  mkdirSync(directory);
  const random = new Random(SEED);
  const truth = new StoreTruth();
  for (let life = 1; life <= KILLS; life++) {
    const lines = 1 + random.below(LINES_MAX);
    for (const line of await liveAndDie({ directory, life, seed: SEED, lines, cache })) truth.add(line);
    // A copy: to put the store right after the kill is for its next life.
    cpSync(directory, copy, { recursive: true });
    assert.deepEqual([...truth.faults, ...(await truth.check(copy))], [], `life ${life}`);
    rmSync(copy, { recursive: true });
  }
  const { counts } = truth;
  t.diagnostic(JSON.stringify(counts));
  assert.equal(counts.lives, KILLS);
  for (const [what, count] of Object.entries(counts)) assert.ok(count >= KILLS, `${count} ${what} is little`);
});
