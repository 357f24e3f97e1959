import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogFields } from '../../src/env/log.ts';
import { limits } from '../../src/limits.ts';
import { RefusedLog } from '../../src/node/refused-log.ts';
import { ManualClock } from '../manual-clock.ts';

test('of each reason there is a line a second, with how many there were, and what to do where a certificate is at fault', () => {
  const clock = new ManualClock();
  const said: LogFields[] = [];
  const log = new RefusedLog(clock, 'kx.ca', 'TLS 1.3', (fields) => said.push(fields));
  for (let i = 0; i < 100; i++) log.note('no such peer is configured', '192.0.2.1');
  log.note('SELF_SIGNED_CERT_IN_CHAIN', '192.0.2.2');
  assert.deepEqual(
    said.map(({ reason, count }) => [reason, count]),
    [
      ['no such peer is configured', 1],
      ['SELF_SIGNED_CERT_IN_CHAIN', 1],
    ],
  );
  assert.match(String(said[1]!['remedy']), /not in kx\.ca/);
  assert.equal(said[0]!['remedy'], undefined);
  clock.advance(limits.refusedLogMs);
  log.note('no such peer is configured', '192.0.2.3');
  assert.deepEqual([said[2]!['count'], said[2]!['address']], [100, '192.0.2.3']);
});

test('reasons beyond number take no memory', () => {
  const said: LogFields[] = [];
  const log = new RefusedLog(new ManualClock(), 'kx.ca', 'TLS 1.3', (fields) => said.push(fields));
  for (let i = 0; i < 10 * limits.refusedKindsMax; i++) log.note(`reason ${i}`, undefined);
  assert.equal(said.length, 10 * limits.refusedKindsMax);
  log.note(`reason ${10 * limits.refusedKindsMax - 1}`, undefined);
  assert.equal(said.length, 10 * limits.refusedKindsMax, 'the newest are remembered');
});
