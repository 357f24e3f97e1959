import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { canaries, slowCanaries } from './canaries.ts';
import { fuzzCase } from './case.ts';
import { fuzz } from './run.ts';

const ORDINARY = 5_000;
const cases = Number(process.env['KEYFERRY_FUZZ_CASES'] ?? ORDINARY);
const seed = Number(process.env['KEYFERRY_SEED'] ?? 1);
/** One case alone, to look at what was found. */
const only = process.env['KEYFERRY_FUZZ_CASE'];

describe('the fuzzer of the Kx codec', () => {
  test(`finds nothing in ${cases} cases of seed ${seed}`, async () => {
    const order = only === undefined ? { first: 0, cases } : { first: Number(only), cases: 1 };
    const found = await fuzz({ seed, ...order, bugs: [] }, 30_000);
    assert.deepEqual(found, { '': undefined });
  });

  test('makes the same case of the same seed and number, and others of others', () => {
    assert.deepEqual(fuzzCase(7, 11).chunks, fuzzCase(7, 11).chunks);
    const some = [...Array(200).keys()].map((index) =>
      Buffer.concat(fuzzCase(7, index).chunks).toString('latin1'),
    );
    assert.ok(new Set(some).size > 190);
  });

  test('finds each planted bug within its ordinary number of cases', async (t) => {
    const bugs = Object.keys(canaries);
    const found = await fuzz({ seed: 1, first: 0, cases: ORDINARY, bugs }, 30_000);
    for (const bug of bugs) {
      t.diagnostic(`${bug}: ${found[bug]?.slice(0, 100) ?? 'not found'}`);
      assert.ok(found[bug], `not found: a codec that ${bug}`);
    }
  });

  for (const bug of Object.keys(slowCanaries))
    test(`finds a codec that ${bug}`, async () => {
      const found = await fuzz({ seed: 1, first: 0, cases: ORDINARY, bugs: [bug] }, 1_500);
      assert.match(found[bug] ?? '', bug === 'never ends' ? /no end after/ : /memory grew/);
    });
});
