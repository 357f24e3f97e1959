import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explainConfig } from '../../src/config/explain.ts';
import { plainKmas } from '../../src/config/plain-kmas.ts';
import { relayPools } from '../../src/config/relay-pools.ts';
import { summarise } from '../../src/config/summary.ts';
import { sound } from './fault-cases.ts';

const explain = (text: string) => explainConfig(text, { directory: '/etc', drivers: ['bridge-serial'] });
const plain = (more: string) => sound.replace('- kma_id: D', `- kma_id: D\n      protocol: plain${more}`);
const atD = (text: string) => text.replace('      kma_id: C\n  max', '      kma_id: D\n  max');
const poolD = (text: string) => text.replace('pools:', 'pools:\n  - kma_id: D');

test('an application or a pool at a plain neighbour needs unprotected_key', () => {
  for (const [text, path] of [
    [atD(plain('')), 'supply.applications[1].kma_id'],
    [poolD(plain('')), 'pools[0].kma_id'],
  ] as const)
    assert.deepEqual(
      explain(text).faults.map((fault) => [fault.code, fault.path]),
      [['configuration.unprotected_key', path]],
    );
  for (const change of [atD, poolD])
    assert.deepEqual(explain(change(plain('\n      unprotected_key: true'))).faults, []);
});

test('the pool with a plain neighbour is kept full when an application lives there', () => {
  const { config } = explain(atD(plain('\n      unprotected_key: true')));
  assert.deepEqual([...relayPools(config!).keys()].sort(), ['C', 'D']);
});

test('what protects key on a plain link is said in the summary', () => {
  const lines = (more: string) => summarise(explain(plain(more)).config!, {});
  assert.ok(lines('').includes('kx: waits for D, plain Q.4163, no key'));
  assert.ok(
    lines('\n      unprotected_key: true').includes(
      'kx: waits for D, plain Q.4163, key protected by TLS alone',
    ),
  );
});

test('the far end of a route may be plain, and a plain neighbour may be the way to a keyferry node', () => {
  const route = '\n    - { destination: E, via: [D] }\n    - { destination: X, via: [B], protocol: plain }';
  const text = plain('\n      unprotected_key: true').replace('via: [B]', `via: [B]${route}`);
  const { config, faults } = explain(text.replace('app-a', 'app-a\n      plain_kma_ids: [X, D]'));
  assert.deepEqual(faults, []);
  assert.deepEqual([...plainKmas(config!)].sort(), ['D', 'X']);
  assert.ok(summarise(config!, {}).every((line) => !line.includes('no QKD link leads to D')));
});
