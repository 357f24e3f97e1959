import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Lab } from '../../src/cli/demo/lab.ts';
import { logOf } from '../end-to-end/lab.ts';

export type Burn = { pool: string; number: number; from_unit: number; to_unit: number };

/** The burn records of a node: two of one block never overlap. */
export function checkBurns(lab: Lab, kmaId: string): Burn[] {
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
export function checkPads(lab: Lab, kmaId: string, burns: readonly Burn[]): number {
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

type Row = { number: number; own: number; state: string; first: number; epoch: number };

/**
 * What the two ends of a link hold of it, after both have stopped: of each block that both were given, they think alike. One of them alone may have
 * those from before the other's module began, and `unsettled` of the newest. Returns how many both use.
 */
export function checkAgreed(lab: Lab, [a, b]: readonly [string, string], unsettled: number): number {
  const [atA, atB] = [blocksOf(lab, a, b), blocksOf(lab, b, a)];
  const newest = Math.max(...atA.keys(), ...atB.keys());
  const oldest = Math.max(Math.min(...atA.keys()), Math.min(...atB.keys()));
  let used = 0;
  for (const number of new Set([...atA.keys(), ...atB.keys()])) {
    const [one, other] = [atA.get(number), atB.get(number)];
    const both = JSON.stringify([one, other]);
    if (one === undefined || other === undefined) {
      assert.ok(
        number < oldest || number > newest - unsettled,
        `one end has block ${number} of ${oldest} to ${newest} alone: ${both}`,
      );
      continue;
    }
    const [owner, far] = one.own === 1 ? [one, other] : [other, one];
    assert.ok(owner.own === 1 && far.own === 0, `block ${number} is of one direction: ${both}`);
    assert.ok(
      [owner, far].every(({ state }) => /ready|used|destroyed/.test(state)),
      `block ${number} is agreed: ${both}`,
    );
    if (owner.state !== 'ready') continue;
    used += 1;
    const [here, there] = [owner, far].map(({ state, first, epoch }) => ({ state, first, epoch }));
    assert.deepEqual(here, there, `block ${number} is the same at both ends`);
  }
  return used;
}

function blocksOf(lab: Lab, kmaId: string, peer: string): Map<number, Row> {
  const db = open(lab, kmaId);
  const rows = db
    .prepare('SELECT number, own, state, first, epoch FROM block WHERE pool = ?')
    .all(peer) as Row[];
  db.close();
  return new Map(rows.map((row) => [row.number, row]));
}

/** Every block that a module was told is stored is known to the store of its node. */
export function checkBlocks(lab: Lab, modules = lab.modules): void {
  let acknowledged = 0;
  for (const { kmaId, peer } of modules) {
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
