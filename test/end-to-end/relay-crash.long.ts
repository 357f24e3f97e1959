import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callAgent } from '../../src/cli/control-client.ts';
import type { Lab } from '../../src/cli/demo/lab.ts';
import { checkBlocks, checkBurns, checkPads } from '../power/node-stores.ts';
import { labFor, ownKeys, seeded, startAll, until } from './lab.ts';

const KILLS = Number(process.env['KEYFERRY_RELAY_KILLS'] ?? 4);
const SEED = Number(process.env['KEYFERRY_SEED'] ?? 1);

test(`kill -9 of B amid relays, ${KILLS} times (seed ${SEED}): relays go on, no pad twice, no block lost`, async (t) => {
  const random = seeded(SEED);
  const lab = await labFor(t, { logLevel: 'debug', lowWater: 200, highWater: 2000 });
  startAll(lab);
  await until(lab, 'A', 'the relay pool is filled', (status) => ownKeys(status, 'C') >= 200);
  const stop = { now: false };
  const relays = [relayOn(lab, stop), relayOn(lab, stop)];
  for (let i = 0; i < KILLS; i++) {
    await new Promise((resolve) => setTimeout(resolve, 200 + random() * 400));
    await lab.programs.get('B')!.kill();
    lab.startNode('B');
    const before = (await until(lab, 'A', 'A runs', () => true)).relay.source.succeeded;
    await until(lab, 'A', 'relays go on', (status) => status.relay.source.succeeded > before + 2);
  }
  stop.now = true;
  const succeeded = (await Promise.all(relays)).reduce((sum, n) => sum + n, 0);
  t.diagnostic(`${succeeded} relays asked for by hand succeeded`);
  await Promise.all(lab.nodes.map(({ kmaId }) => lab.programs.get(kmaId)!.stop()));
  for (const { kmaId } of lab.nodes) {
    const burns = checkBurns(lab, kmaId);
    const used = checkPads(lab, kmaId, burns);
    t.diagnostic(`${kmaId}: ${burns.length} burns, ${used} pad ranges used, none twice`);
    assert.ok(used > 0, `${kmaId} used pad`);
  }
  checkBlocks(lab);
});

async function relayOn(lab: Lab, stop: { now: boolean }): Promise<number> {
  let succeeded = 0;
  while (!stop.now) {
    // Refusals while B is down or out of pad are what is expected; that relays go on is asserted by the loop above.
    const done = await callAgent(lab.node('A').socket, 'POST', '/v1/relay', {
      destination: 'C',
      keys: 1,
    }).then(
      () => true,
      () => false,
    );
    if (done) succeeded += 1;
    else await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return succeeded;
}
