import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { callAgent } from '../../src/cli/control-client.ts';
import type { Lab } from '../../src/cli/demo/lab.ts';
import { labFor, logOf, ownKeys, seeded, startAll, until } from './lab.ts';

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

type Burn = { pool: string; number: number; from_unit: number; to_unit: number };

/** The burn records of a node: two of one block never overlap. */
function checkBurns(lab: Lab, kmaId: string): Burn[] {
  const db = open(lab, kmaId);
  const burns = db
    .prepare(
      'SELECT pool, number, from_unit, to_unit FROM burn_record JOIN block ON block.id = block ORDER BY pool, number, from_unit',
    )
    .all() as Burn[];
  db.close();
  burns.forEach((burn, i) => {
    const next = burns[i + 1];
    assert.ok(burn.from_unit < burn.to_unit);
    if (next?.pool === burn.pool && next.number === burn.number)
      assert.ok(burn.to_unit <= next.from_unit, JSON.stringify(burn));
  });
  return burns;
}

/** The pad ranges that a node's log names: none twice, each in key that its records say was burnt. */
function checkPads(lab: Lab, kmaId: string, burns: readonly Burn[]): number {
  const used = new Set<string>();
  let ranges = 0;
  for (const line of logOf(lab, kmaId)) {
    if (line['event'] !== 'kx.pad.used') continue;
    ranges += 1;
    const { peer, number, index, units } = line as {
      peer: string;
      number: number;
      index: number;
      units: number;
    };
    for (let unit = index; unit < index + units; unit++) {
      const name = `${peer} ${number} ${unit}`;
      assert.ok(!used.has(name), `${kmaId} used pad ${name} twice`);
      used.add(name);
      const burnt = burns.some(
        (b) => b.pool === peer && b.number === number && b.from_unit <= unit && unit < b.to_unit,
      );
      assert.ok(burnt, `${kmaId} used pad ${name}, which no record burnt`);
    }
  }
  return ranges;
}

/** Every block that a module was told is stored is known to the store of its node. */
function checkBlocks(lab: Lab): void {
  let acknowledged = 0;
  for (const { kmaId, peer } of lab.modules) {
    const stored = logOf(lab, kmaId).filter(
      (line) => line['event'] === 'module.acknowledged' && line['link'] === peer,
    );
    const db = open(lab, kmaId);
    const known = db.prepare('SELECT 1 FROM block WHERE pool = ? AND number = ?');
    for (const { number } of stored as { number: number }[]) {
      assert.ok(known.get(peer, number) !== undefined, `${kmaId} lost block ${number} of ${peer}`);
      acknowledged += 1;
    }
    db.close();
  }
  assert.ok(acknowledged > 0, 'blocks were acknowledged');
}

function open(lab: Lab, kmaId: string): DatabaseSync {
  return new DatabaseSync(join(lab.directory, kmaId, 'data', 'keys.sqlite'), { readOnly: true });
}
