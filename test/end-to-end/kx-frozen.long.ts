import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limits } from '../../src/limits.ts';
import { labFor, statusOf, until } from './lab.ts';

test('a peer whose process is frozen is found in time, and is back when it thaws', {
  timeout: 60_000,
}, async (t) => {
  const lab = await labFor(t);
  for (const kmaId of ['A', 'B', 'C']) lab.startNode(kmaId);
  const stateOf = (status: Awaited<ReturnType<typeof statusOf>>, kmaId: string) =>
    status.peers.find((peer) => peer.kma_id === kmaId)?.state;
  await until(lab, 'B', 'both are up', (s) => s.peers.every((peer) => peer.state === 'up'));
  const startMs = performance.now();
  lab.programs.get('C')?.signal('SIGSTOP');
  t.after(() => lab.programs.get('C')?.signal('SIGCONT'));
  await until(lab, 'B', 'C is down', (status) => stateOf(status, 'C') === 'down');
  const ms = performance.now() - startMs;
  assert.ok(ms < limits.kxSilenceMs + 2 * limits.kxTickMs, `${ms} ms`);
  const status = await statusOf(lab, 'B');
  assert.equal(stateOf(status, 'A'), 'up');
  assert.match(status.peers.find((peer) => peer.kma_id === 'C')?.last_down ?? '', /silent/);
  lab.programs.get('C')?.signal('SIGCONT');
  await until(lab, 'B', 'C is back', (s) => stateOf(s, 'C') === 'up');
});
