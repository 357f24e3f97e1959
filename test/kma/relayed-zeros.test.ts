import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { limits } from '../../src/limits.ts';
import { SecretBytes } from '../../src/secret/secret-bytes.ts';
import { Allocator } from '../../src/store/allocator.ts';
import { until } from '../manual-clock.ts';
import { completionsOn, sendForged } from './forged-relay.ts';
import { row } from './node.ts';

/** Two KMA-keys, of which the second is all zeros. */
const withZeros = () => Buffer.concat([randomBytes(limits.unitBytes), Buffer.alloc(limits.unitBytes)]);

test('a relay with a key that is all zeros is refused, and nothing of it is kept', async (t) => {
  const { world, a, c } = await row(t);
  const responses = completionsOn(world, 'C>B');
  const sent = await sendForged(a, {
    requestId: '7d0c2c4e-8a2f-4d8e-9a53-1c5d3c7f0001',
    number: 7,
    floor: 7,
    keys: withZeros(),
  });
  assert.equal(sent, 'sent');
  await until('C has answered', () => responses.length > 0);
  assert.deepEqual(responses, ['unsupported_key']);
  assert.equal(c.store.pool('A').theirs.size, 0);
});

test('such a key that an older version has taken in is put aside with its block, and the agent goes on', async (t) => {
  const { c } = await row(t);
  const old = {
    remote: 'A',
    own: false,
    number: 7,
    epoch: 7,
    origin: 'relay',
    state: 'ready',
    first: 0,
  } as const;
  using bytes = SecretBytes.copyOf(Buffer.concat([withZeros(), randomBytes(limits.unitBytes)]));
  await c.store.insert(old, bytes);
  const pool = c.store.pool('A');
  const open = (index: number) => new Allocator(c.store).open(pool, [{ number: 7, index, units: 1 }]);
  await assert.rejects(open(1), { code: 'host.store_damaged' });
  assert.equal(await open(2), undefined, 'nothing more of it is handed out');
});
