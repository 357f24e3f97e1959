import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { mutants } from './mutants.ts';
import { planOf } from './plan.ts';
import { run } from './simulation.ts';

const SEEDS = [1, 2, 3, 4, 5, 6];
const MINUTES = 3;

describe('the simulated network', () => {
  for (const seed of SEEDS)
    test(`keeps every rule under the faults of seed ${seed}`, async () => {
      const { failure, last, counts } = await run(planOf(seed, { minutes: MINUTES }));
      assert.equal(failure, undefined, `${failure?.invariant}: ${failure?.what}\n${last.join('\n')}`);
      assert.ok((counts['acknowledged'] ?? 0) > 0 && (counts['taken'] ?? 0) > 0, 'it looked at something');
    });
});

test('a seed gives the same run, event for event', async () => {
  const runs = [];
  for (let i = 0; i < 2; i++) {
    const lines: string[] = [];
    const { trace, events } = await run(planOf(16, { minutes: 2 }), {
      onEvent: (line) => void lines.push(line),
    });
    runs.push({ lines, trace, events });
  }
  const [one, other] = runs;
  assert.ok(one!.lines.length > 300, `${one!.lines.length} events in words`);
  assert.deepEqual(one, other);
});

test('another seed gives another run', async () => {
  const [one, other] = [await run(planOf(11, { minutes: 1 })), await run(planOf(15, { minutes: 1 }))];
  assert.notEqual(one!.trace, other!.trace);
});

test('each planted bug has its place in the code as it is now', () => {
  for (const { name, file, find } of mutants) {
    const text = readFileSync(join(import.meta.dirname, '../..', file), 'utf8');
    assert.equal(text.split(find).length, 2, `${name}: ${file}`);
  }
});
