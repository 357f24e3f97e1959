import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AgentError } from '../../src/errors.ts';
import { Routes } from '../../src/kma/routes.ts';

// B in the middle: neighbours A and C, D behind C, E behind C and D.
const routes = new Routes('B').use(
  ['A', 'C'],
  [
    { destination: 'D', via: ['C'] },
    { destination: 'E', via: ['C', 'D'] },
  ],
);

describe('routes from here', () => {
  test('need no transit to a neighbour', () => assert.deepEqual(routes.transit('C'), []));

  test('name the KMAs in transit, in order', () => {
    assert.deepEqual(routes.transit('D'), ['C']);
    assert.deepEqual(routes.need('E'), ['C', 'D']);
  });

  test('lead nowhere else', () => {
    assert.equal(routes.transit('F'), undefined);
    for (const destination of ['F', 'B', ''])
      assert.throws(
        () => routes.need(destination),
        (thrown) => thrown instanceof AgentError && thrown.code === 'relay.no_route',
      );
  });

  test('make known whom key may come from', () => {
    assert.deepEqual(
      ['A', 'C', 'D', 'E', 'B', 'F', 'constructor'].filter((id) => routes.relaysWith(id)),
      ['A', 'C', 'D', 'E'],
    );
  });

  test('to a neighbour are direct when a QKD link leads to it, whatever a route says', () => {
    const odd = new Routes('B').use(['A'], [{ destination: 'A', via: ['X'] }], ['A']);
    assert.deepEqual(odd.transit('A'), []);
    assert.equal(odd.next('A', undefined), 'A');
  });

  test('to a neighbour without a QKD link go by the route, where there is one', () => {
    const odd = new Routes('B').use(['A', 'X'], [{ destination: 'A', via: ['X'] }], ['X']);
    assert.deepEqual(odd.transit('A'), ['X']);
    assert.equal(odd.next('A', undefined), 'X');
  });
});

describe('a message in transit goes', () => {
  test('to the KMA behind us in its list', () => {
    assert.equal(routes.next('E', ['A', 'B', 'C', 'D']), 'C');
    assert.equal(routes.next('Z', ['B', 'A', 'Y']), 'A');
  });

  test('to its destination when we are the last in transit', () => {
    assert.equal(routes.next('C', ['A', 'B']), 'C');
    assert.equal(routes.next('A', ['B']), 'A');
  });

  test('by our own routes when it has no list, or an empty one', () => {
    for (const list of [undefined, []]) {
      assert.equal(routes.next('A', list), 'A');
      assert.equal(routes.next('D', list), 'C');
      assert.equal(routes.next('E', list), 'C');
      assert.equal(routes.next('F', list), undefined);
    }
  });

  test('nowhere when we are not in its list, or twice', () => {
    assert.equal(routes.next('C', ['A']), undefined);
    assert.equal(routes.next('C', ['A', 'B', 'A', 'B']), undefined);
  });

  test('nowhere when the next KMA is no neighbour, though a route would lead there', () => {
    assert.equal(routes.next('D', ['A', 'B']), undefined);
    assert.equal(routes.next('E', ['B', 'D']), undefined);
  });

  test('nowhere when it would come back to us', () => {
    assert.equal(routes.next('B', ['A', 'B']), undefined);
    assert.equal(routes.next('C', ['B', 'B']), undefined);
  });
});
