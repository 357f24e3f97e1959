import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SharedTable } from '../../src/kma/shared-table.ts';

test('who asks for more than a share loses the oldest of its own, and nobody else anything', () => {
  const table = new SharedTable<number>(3, 1_000);
  table.set('honest', 'h', 0, 0);
  for (let i = 0; i < 100; i++) table.set('greedy', `g${i}`, i, 1);
  assert.equal(table.count(2), 4);
  assert.equal(table.get('h', 2), 0);
  assert.deepEqual(
    [...table.entries(2)].map(([name]) => name),
    ['h', 'g97', 'g98', 'g99'],
  );
  assert.equal(table.count(1_002), 0);
});

test('what is remembered has its time, which begins anew when it is said again, and can be forgotten before', () => {
  const table = new SharedTable<string>(3, 1_000);
  table.set('a', 'one', 'first', 0);
  table.set('a', 'one', 'again', 600);
  assert.equal(table.get('one', 1_599), 'again');
  assert.equal(table.get('one', 1_600), undefined);
  table.set('a', 'two', 'x', 0);
  table.delete('two');
  assert.equal(table.get('two', 1), undefined);
});
