import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { auditedControl } from '../../src/agent/audited-control.ts';
import { type DestroyRequest, destroyKeys } from '../../src/agent/keys.ts';
import type { AgentParts } from '../../src/agent/status.ts';
import { callAgent } from '../../src/cli/control-client.ts';
import { type Controlled, startControl } from '../../src/control/server.ts';
import { type AuditEvent, noAudit } from '../../src/env/audit.ts';
import { AgentError } from '../../src/errors.ts';
import { SecretBytes } from '../../src/secret/secret-bytes.ts';
import { ManualClock } from '../manual-clock.ts';
import { directoryFor, Lines, openStore } from '../store/temp-store.ts';

test('an order to destroy one key by its ID is refused when it names anything else', async (t) => {
  const directory = directoryFor(t);
  const clock = new ManualClock().run(t);
  const store = openStore(t, directory, { clock });
  store.pool('B');
  const parts = { store, clock, holdings: new Map(), supply: undefined } as unknown as AgentParts;
  const controlled = { destroyKeys: (order: DestroyRequest) => destroyKeys(parts, order) };
  const socket = join(directory, 'control.sock');
  const stop = await startControl(socket, controlled as unknown as Controlled, new Lines());
  const destroy = (order: DestroyRequest) => callAgent(socket, 'POST', '/v1/keys/destroy', order);
  try {
    for (const more of [{ pool: 'B' }, { pool: 'B', block: 1 }, { older_than_seconds: 60 }, { all: true }])
      await assert.rejects(destroy({ key_id: 'one', ...more }), {
        code: 'keys.too_much_named',
        fault: 'application',
      });
    await assert.rejects(destroy({ key_id: 'one', all: false }), { code: 'keys.unknown_key' });
    assert.deepEqual(await destroy({ pool: 'B' }), { blocks: 0, keys: 0 });
  } finally {
    await stop();
  }
});

test('a key of a plain KM is destroyed by any spelling of its ID, in every pool that has it', async (t) => {
  const clock = new ManualClock().run(t);
  const store = openStore(t, directoryFor(t), { clock });
  const parts = { store, clock, holdings: new Map(), supply: undefined } as unknown as AgentParts;
  const keyId = '5e3f0a4c-7d2b-4c1e-9f00-0123456789ab';
  for (const remote of ['P', 'Q']) {
    store.pool(remote);
    using bytes = SecretBytes.copyOf(Buffer.alloc(32, 7));
    await store.foreign.insert(remote, [{ id: keyId, bytes }]);
  }
  assert.deepEqual(await destroyKeys(parts, { key_id: keyId.toUpperCase() }), { blocks: 0, keys: 2 });
  for (const remote of ['P', 'Q']) assert.equal(await store.foreign.take(remote, [keyId]), undefined);
});

test('an order to destroy a block is refused when it names no pool, whatever else it names', async (t) => {
  const clock = new ManualClock().run(t);
  const store = openStore(t, directoryFor(t), { clock });
  store.pool('B');
  const parts = { store, clock, holdings: new Map(), supply: undefined } as unknown as AgentParts;
  for (const order of [{}, { block: 5 }, { block: 5, all: true }, { block: 5, older_than_seconds: 0 }])
    await assert.rejects(destroyKeys(parts, order), { code: 'keys.nothing_named', fault: 'application' });
});

test('each order of an operator goes on record with what came of it, and no look does', async () => {
  const answers = {
    relay: { requestId: 'r-1', destination: 'C', keys: 3, milliseconds: 4 },
    reload: { changed: [] },
    destroyKeys: { blocks: 2, keys: 40 },
    rotate: {},
    zeroize: { failures: ['key store: the disk is full'] },
    order: { outcome: 'refused', text: 'not now' },
    audit: { seq: 1, hash: 'h' },
    status: {},
    metrics: '',
    keys: {},
  };
  const seen: AuditEvent[] = [];
  const recording = { ...noAudit, record: (event: AuditEvent) => void seen.push(event) };
  const done = Object.entries(answers).map(([name, answer]) => [name, () => Promise.resolve(answer)]);
  const good = auditedControl(Object.fromEntries(done) as Controlled, recording);
  const error = new AgentError('host.disk', 'the disk is full', { fault: 'host', remedy: 'Make room.' });
  const failed = Object.keys(answers).map((name) => [name, () => Promise.reject(error)]);
  const bad = auditedControl(Object.fromEntries(failed) as Controlled, recording);
  const orders: ((control: Controlled) => Promise<object>)[] = [
    (control) => control.relay('C', 3),
    (control) => control.reload(),
    (control) => control.destroyKeys({ pool: 'B', block: 5 }),
    (control) => control.rotate('/new.key'),
    (control) => control.zeroize('the lid was opened'),
    (control) => control.order('B', 'self_test'),
  ];
  const asked = [
    { what: 'control.relay', who: 'operator', peer: 'C', keys: 3 },
    { what: 'control.reload', who: 'operator' },
    { what: 'control.keys_destroy', who: 'operator', facts: { pool: 'B', block: 5 } },
    { what: 'control.node_key', who: 'operator' },
    { what: 'control.zeroize', who: 'operator', reason: 'the lid was opened' },
    { what: 'control.module', who: 'operator', facts: { link: 'B', order: 'self_test' } },
  ];
  const came: Partial<AuditEvent>[] = [
    { outcome: 'done', request_id: 'r-1' },
    { outcome: 'done' },
    { outcome: 'done', keys: 40 },
    { outcome: 'done' },
    // Not all of it was destroyed.
    { outcome: 'failed' },
    { outcome: 'failed', reason: 'not now' },
  ];
  for (const order of orders) await order(good);
  const looks = [good.status(), good.keys(), good.metrics(), good.audit()];
  await Promise.all(looks);
  assert.deepEqual(
    seen.splice(0),
    asked.map((one, i) => ({ ...one, ...came[i] })),
  );
  for (const order of orders) await assert.rejects(order(bad), error);
  const why = (reason?: string) => ({
    outcome: 'failed',
    code: 'host.disk',
    reason: reason === undefined ? 'the disk is full' : `${reason}; the disk is full`,
  });
  assert.deepEqual(
    seen,
    asked.map((one) => ({ ...one, ...why('reason' in one ? String(one.reason) : undefined) })),
  );
});
