import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changeableParts, changesOf, fixedParts } from '../../src/agent/changes.ts';
import { outline } from '../../src/config/outline.ts';
import { type Config, configSchema } from '../../src/config/schema.ts';

const tls = { certificate: '/c', private_key: '/k' };
const link = { driver: 'bridge-serial', port: { path: '/dev/ttyS0' }, unauthenticated_module: true };

function configuration(edit: (text: Record<string, unknown>) => void = () => {}): Config {
  const text = {
    kma_id: 'A',
    data_directory: '/d',
    node_key: { file: '/n' },
    kx: { ...tls, ca: '/ca', listen: '0.0.0.0:1', peers: [{ kma_id: 'B' }, { kma_id: 'C' }], routes: [] },
    links: [{ ...link, peer: 'B' }],
  };
  edit(text);
  return configSchema.parse(text);
}

test('nothing is found where nothing has changed, whatever the order', () => {
  const other = configuration((text) => {
    (text['kx'] as { peers: unknown[] }).peers.reverse();
  });
  assert.deepEqual(changesOf(configuration(), other), { peers: [], links: [], named: [] });
});

test('a peer takes its link along, a link leaves its peer alone', () => {
  const peer = configuration((text) => {
    (text['kx'] as { peers: unknown[] }).peers[0] = { kma_id: 'B', address: '192.0.2.1:2' };
  });
  assert.deepEqual(changesOf(configuration(), peer), {
    peers: ['B'],
    links: ['B'],
    named: ['kx.peers B'],
  });
  const moved = configuration((text) => {
    text['links'] = [{ ...link, peer: 'C' }];
  });
  assert.deepEqual(changesOf(configuration(), moved), {
    peers: [],
    links: ['B', 'C'],
    named: ['links B', 'links C'],
  });
});

test('what needs a restart is named, all of it', () => {
  const other = configuration((text) => {
    text['kma_id'] = 'Z';
    text['control'] = { socket: '/s' };
  });
  assert.throws(() => changesOf(configuration(), other), {
    code: 'configuration.needs_restart',
    message: /: kma_id, control have changed, which they cannot/,
  });
});

test('every field of the configuration is known to change with a reload, or not to', () => {
  const parts = [...fixedParts, ...changeableParts];
  const leaves = [...outline().values()].filter(({ keys }) => keys.length === 0);
  assert.ok(leaves.length > 50);
  const unknown = leaves
    .map(({ path }) => path)
    .filter(
      (path) =>
        !parts.some((part) => path === part || path.startsWith(`${part}.`) || path.startsWith(`${part}[]`)),
    );
  assert.deepEqual(unknown, []);
});
