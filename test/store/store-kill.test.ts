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
const LIFE_MS = 250;

test(`kill -9 of a store under load, ${KILLS} times (seed ${SEED}): what was acknowledged is there, and nothing is given out twice`, async (t) => {
  const root = directoryFor(t);
  const [directory, copy, cache] = [join(root, 'store'), join(root, 'copy'), join(root, 'cache')];
  mkdirSync(directory);
  const random = new Random(SEED);
  const truth = new StoreTruth();
  for (let life = 1; life <= KILLS; life++) {
    const lines = await liveAndDie({ directory, life, seed: SEED, ms: random.below(LIFE_MS), cache });
    for (const line of lines) truth.add(line);
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
