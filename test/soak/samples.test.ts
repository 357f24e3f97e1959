import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Sample, verdictOf } from './samples.ts';

const samples = (memory: (at: number) => number, files: (at: number) => number = () => 30): Sample[] =>
  Array.from({ length: 90 }, (_, at) => ({
    kmaId: 'A',
    memoryMiB: memory(at),
    files: files(at),
    diskMiB: 5,
  }));

test('what grows is told from what only comes and goes', () => {
  assert.equal(
    verdictOf(
      samples(() => 150),
      ['A'],
    ).flat,
    true,
  );
  assert.equal(
    verdictOf(
      samples((at) => 100 + 50 * Math.abs(Math.sin(at))),
      ['A'],
    ).flat,
    true,
  );
  assert.equal(
    verdictOf(
      samples((at) => Math.min(150, 90 + 3 * at)),
      ['A'],
    ).flat,
    true,
    'it warms up',
  );
  assert.equal(
    verdictOf(
      samples((at) => (at === 80 ? 300 : 150)),
      ['A'],
    ).flat,
    true,
    'a peak before a collection',
  );
  const leak = verdictOf(
    samples((at) => 100 + at),
    ['A'],
  );
  assert.equal(leak.flat, false);
  assert.ok(leak.lines.some((line) => /memoryMiB.*GROWS/.test(line)));
  assert.equal(
    verdictOf(
      samples(
        () => 150,
        (at) => 30 + at,
      ),
      ['A'],
    ).flat,
    false,
  );
  assert.equal(verdictOf([], ['A']).flat, false, 'nothing was looked at');
});
