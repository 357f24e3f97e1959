import assert from 'node:assert/strict';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { callAgent } from '../../src/cli/control-client.ts';
import type { Lab } from '../../src/cli/demo/lab.ts';
import { labFor, logOf, ownKeys, startAll, statusOf, until } from './lab.ts';

const relay = (lab: Lab) =>
  callAgent(lab.node('A').socket, 'POST', '/v1/relay', { destination: 'C', keys: 50 });

/** A lab whose node A is put back to what it was before it relayed. @param adapt of A's configuration */
async function putBack(t: TestContext, adapt: (text: string, lab: Lab) => string): Promise<Lab> {
  const lab = await labFor(t, { lowWater: 1, highWater: 1 });
  const { config } = lab.node('A');
  writeFileSync(config, adapt(readFileSync(config, 'utf8'), lab));
  startAll(lab);
  await until(lab, 'A', 'there is pad', (status) => ownKeys(status, 'B') > 500);
  await until(lab, 'B', 'there is pad', (status) => ownKeys(status, 'C') > 500);
  // From here on no new key comes: what is used later is what the copy has.
  for (const name of ['ab-A', 'ab-B']) await lab.programs.get(name)!.stop();
  await relay(lab);
  await lab.programs.get('A')!.stop();
  const data = join(lab.directory, 'A/data');
  const copy = join(lab.directory, 'copy');
  cpSync(data, copy, { recursive: true });
  lab.startNode('A');
  await until(lab, 'A', 'it is up', (status) => status.peers[0]!.state === 'up');
  for (let i = 0; i < 5; i++) await relay(lab);
  await lab.programs.get('A')!.stop();
  rmSync(data, { recursive: true });
  cpSync(copy, data, { recursive: true });
  lab.startNode('A');
  return lab;
}

test('a neighbour that has seen key used convicts a store that was put back; the node goes on with an empty one', async (t) => {
  const lab = await putBack(t, (text) => text);
  assert.equal(await lab.programs.get('A')!.ended, 1);
  const broken = logOf(lab, 'A').find(({ event }) => event === 'agent.broken');
  assert.equal(broken?.['code'], 'host.store_rolled_back');
  assert.match(String(broken?.['reason']), /B has seen \d+ KMA-keys of block \d+ used/);
  lab.startNode('A');
  for (const module of lab.modules.filter(({ linkId }) => linkId === 'ab')) lab.startModule(module);
  await until(lab, 'A', 'new key', (status) => ownKeys(status, 'B') > 100);
  assert.equal(logOf(lab, 'A').filter(({ event }) => event === 'store.rolled_back').length, 1);
  await relay(lab);
});

test('a guard on another device notices it before anyone is asked', async (t) => {
  const lab = await putBack(
    t,
    (text, { directory }) => `${text}rollback_guard:\n  file: ${directory}/guard\n`,
  );
  const status = await until(lab, 'A', 'it is up', ({ peers }) => peers[0]!.state === 'up');
  assert.equal(ownKeys(status, 'B'), 0);
  const found = logOf(lab, 'A').find(({ event }) => event === 'store.rolled_back');
  assert.match(String(found?.['reason']), /the guard .* has seen change \d+ of the store, which is at \d+/);
  for (const module of lab.modules.filter(({ linkId }) => linkId === 'ab')) lab.startModule(module);
  await until(lab, 'A', 'new key', (now) => ownKeys(now, 'B') > 100);
  await relay(lab);
  assert.equal((await statusOf(lab, 'A')).relay.source.failed, 0);
});
