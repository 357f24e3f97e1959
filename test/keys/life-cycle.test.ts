import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BlockEvent, type BlockState, endOf, isLive, nextState } from '../../src/keys/life-cycle.ts';

const states: BlockState[] = ['received', 'ready', 'used', 'destroyed', 'quarantined', 'expired'];
const events: BlockEvent[] = [
  'agreed',
  'used_up',
  'outdated',
  'unfetched',
  'evicted',
  'ordered',
  'suspect',
  'forgotten',
  'unanswered',
  'differed',
  'damaged',
];

test('a block that has ended never lives again, whatever happens', () => {
  for (const state of states.filter((one) => !isLive(one)))
    for (const event of events) assert.equal(nextState(state, event), undefined, `${state} ${event}`);
});

test('only agreement makes key ready, and nothing makes it received again', () => {
  for (const state of states)
    for (const event of events) {
      const next = nextState(state, event);
      assert.equal(next === 'ready', event === 'agreed' && isLive(state), `${state} ${event}`);
      assert.notEqual(next, 'received');
    }
});

test('key that was not agreed on is never counted as used', () => {
  assert.equal(endOf('received', 'used_up'), undefined);
  assert.equal(endOf('ready', 'used_up'), 'used');
});

test('every live state has a way out by command, by damage and by want of room', () => {
  for (const state of ['received', 'ready'] as const) {
    assert.equal(endOf(state, 'ordered'), 'destroyed');
    assert.equal(endOf(state, 'evicted'), 'destroyed');
    assert.equal(endOf(state, 'damaged'), 'quarantined');
  }
});
