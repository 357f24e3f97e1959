import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import {
  type BenchContext,
  type Benchmark,
  median,
  resultOf,
  runBenchmarks,
} from '../../src/bench/harness.ts';

const QUICK = { quick: true, directory: tmpdir(), stop: new AbortController().signal, progress: () => {} };

function comparison(name: string, trace: string[], figures: readonly [number, number]): Benchmark {
  const side = (which: 0 | 1) => ({
    name: `${name}${which}`,
    measure: async () => {
      trace.push(`${name}${which}`);
      return figures[which];
    },
  });
  return {
    name,
    unit: 'things/s',
    better: 'more',
    target: 0.5,
    open: async (context: BenchContext) => {
      await context.shared('net', async () => {
        trace.push('net open');
        return { close: async () => void trace.push('net close') };
      });
      return { sides: [side(0), side(1)], close: async () => void trace.push(`${name} close`) };
    },
  };
}

test('sides take turns after a round that does not count, and what is shared is made once and closed last', async () => {
  const trace: string[] = [];
  const benchmarks = [comparison('a', trace, [3, 4]), comparison('b', trace, [1, 4])];
  const results = await runBenchmarks(benchmarks, QUICK, () => assert.fail('none fails'));
  assert.equal(
    trace.join(' '),
    'net open a0 a1 a0 a1 a1 a0 a0 a1 a close b0 b1 b0 b1 b1 b0 b0 b1 b close net close',
  );
  assert.deepEqual(results, [
    { name: 'a', value: 3, unit: 'things/s', against: 4, ratio: 0.75, target: 0.5, met: true },
    { name: 'b', value: 1, unit: 'things/s', against: 4, ratio: 0.25, target: 0.5, met: false },
  ]);
});

test('a benchmark that fails is reported and closed, and the next one still runs', async () => {
  const trace: string[] = [];
  const failing = comparison('bad', trace, [1, 1]);
  const broken: Benchmark = {
    ...failing,
    open: async (context) => {
      const opened = await failing.open(context);
      const sides = [{ name: 'x', measure: () => Promise.reject(new Error('no')) }, opened.sides[1]] as const;
      return { ...opened, sides };
    },
  };
  const failed: string[] = [];
  const results = await runBenchmarks([broken, comparison('good', trace, [2, 1])], QUICK, (name) => {
    failed.push(name);
  });
  assert.deepEqual(failed, ['bad']);
  assert.deepEqual(
    results.map(({ name }) => name),
    ['good'],
  );
  assert.ok(trace.includes('bad close') && trace.at(-1) === 'net close');
});

test('met follows the direction that is better, and a benchmark without a target is always met', () => {
  const about = comparison('x', [], [0, 0]);
  assert.equal(resultOf({ ...about, better: 'less', target: 2 }, 3, 2).met, true);
  assert.equal(resultOf({ ...about, better: 'less', target: 1 }, 3, 2).met, false);
  assert.equal(resultOf({ ...about, better: 'more', target: 1.5 }, 3, 2).met, true);
  assert.deepEqual(Object.keys(resultOf({ ...about, target: null }, 1, 3)), [
    'name',
    'value',
    'unit',
    'against',
    'ratio',
    'target',
    'met',
  ]);
  assert.equal(resultOf({ ...about, target: null }, 1, 3).met, true);
});

test('the median of an even number of figures lies between the two in the middle', () => {
  assert.equal(median([4, 1, 3, 2]), 2.5);
  assert.equal(median([9, 1, 5]), 5);
});
