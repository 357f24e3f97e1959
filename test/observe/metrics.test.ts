import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMetrics, metricTable } from '../../src/observe/metrics.ts';
import type { LinkStatus, Status } from '../../src/observe/status.ts';

test('each metric says what it is, and what counts is a counter', async () => {
  const said = await createMetrics(() => status())();
  for (const [name, help] of metricTable) {
    assert.ok(said.includes(`# HELP keyferry_${name} ${help}\n`), name);
    const kind = name.endsWith('_total') ? 'counter' : 'gauge';
    assert.ok(said.includes(`# TYPE keyferry_${name} ${kind}\n`), name);
    assert.equal(/since (the )?start/.test(help), kind === 'counter', `${name}: ${help}`);
  }
});

test('a metric has what the status says, however often it is read', async () => {
  let stored = 7;
  const metrics = createMetrics(() => status(stored));
  assert.deepEqual(samples(await metrics(), 'blocks_total{peer="B",result="stored"}'), ['7']);
  assert.deepEqual(samples(await metrics(), 'blocks_total{peer="B",result="stored"}'), ['7']);
  stored = 9;
  const said = await metrics();
  assert.deepEqual(samples(said, 'blocks_total{peer="B",result="stored"}'), ['9']);
  assert.deepEqual(samples(said, 'supply_refused_total{code="supply.unknown_key"}'), ['2']);
  assert.deepEqual(samples(said, 'supply_answers_total{operation="enc_keys"}'), ['4']);
  assert.deepEqual(samples(said, 'supply_answer_seconds_total{operation="enc_keys"}'), ['0.5']);
  assert.deepEqual(samples(said, 'kx_certificate_expires_seconds'), ['1893456000']);
});

test('a metric that has nothing to say is absent', async () => {
  const said = await createMetrics(() => status())();
  for (const name of ['kx_crl_next_update_seconds', 'audit_shipped_lines', 'qber_ratio{peer="B"}'])
    assert.deepEqual(samples(said, name), [], name);
});

function samples(said: string, name: string): string[] {
  const start = `keyferry_${name} `;
  return said
    .split('\n')
    .filter((line) => line.startsWith(start))
    .map((line) => line.slice(start.length));
}

function status(blocksStored = 0): Status {
  return {
    kma_id: 'A',
    version: '0.0.0',
    pid: 1,
    uptime_seconds: 1.5,
    kx_port: null,
    supply_port: null,
    kx_certificate_expires: '2030-01-01T00:00:00.000Z',
    kx_crl_next_update: null,
    peers: [],
    links: [link(blocksStored)],
    pools: [],
    relay: {
      source: {
        requests: 0,
        succeeded: 0,
        failed: 0,
        keys: 0,
        in_flight: 0,
        last_milliseconds: 0,
        last_failure: null,
      },
      transit: { forwarded: 0, refused: 0, completed: 0, in_flight: 0 },
      destination: { blocks: 0, keys: 0, refused: 0 },
    },
    notifications: {
      sent: 0,
      succeeded: 0,
      failed: 0,
      in_flight: 0,
      last_failure: null,
      forwarded: 0,
      supplied: 0,
      refused: 0,
    },
    supply: {
      taken: 0,
      opened: 0,
      refused: 2,
      refusals: { 'supply.unknown_key': 2 },
      answers: { enc_keys: { count: 4, milliseconds: 500 } },
      certificate_expires: null,
      pushed: 0,
      lost: 0,
      streams: 0,
    },
    store: { commits: 0, write_failed: null },
    audit: { seq: 0, bytes: 0, lost: 0, failure: null, shipped_seq: null },
    memory: { used_bytes: 0, guarded_bytes: 0, unlocked_bytes: 0, unguarded_bytes: 0, in_core_dumps: false },
    warnings: [],
  };
}

function link(blocks_stored: number): LinkStatus {
  return {
    peer: 'B',
    link_id: null,
    driver: 'exec',
    state: 'open',
    module: null,
    proved: false,
    qber: null,
    skr: null,
    telemetry: {},
    alarms: [],
    held: null,
    last_lost: null,
    blocks_stored,
    bytes_stored: 0,
    remainder_bytes: 0,
    blocks_again: 0,
    blocks_refused: 0,
    refusals: {},
    blocks_surplus: 0,
    blocks_synchronised: 0,
    blocks_quarantined: 0,
  };
}
