import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Lab } from '../../src/cli/demo/lab.ts';
import { limits } from '../../src/limits.ts';
import { BlockSource } from '../../src/simulator/block-source.ts';
import { logOf } from '../end-to-end/lab.ts';

const LINKS = [
  ['A', 'B', 'ab'],
  ['B', 'C', 'bc'],
] as const;
/** The default of simulated modules. */
const START_MS = Date.UTC(2026, 0, 1);

export type LinkBlock = { readonly linkId: string; readonly number: number; readonly bytes: Buffer };

/** The raw key that the modules of a lab gave since `sinceMs`: it is computed from their seed. */
export function linkBlocks(lab: Lab, sinceMs: number): LinkBlock[] {
  const { blockBytes, blocksPerSecond } = lab.settings;
  return LINKS.flatMap(([, , linkId]) => {
    const seed = Buffer.from(lab.seed);
    const source = new BlockSource({ seed, linkId, blockBytes, blocksPerSecond, startMs: START_MS });
    const first = source.newestAt(sinceMs);
    return Array.from({ length: source.newestAt(Date.now()) - first + 1 }, (_, i) => {
      using bytes = source.block(first + i);
      return { linkId, number: first + i, bytes: Buffer.from(bytes.view()) };
    });
  });
}

type Row = {
  readonly pool: string;
  readonly own: number;
  readonly number: number;
  readonly state: string;
  readonly units: number;
  readonly first: number;
  readonly epoch: number;
  readonly burnt: Uint8Array | null;
};

/** Which key of its links a node that has ended still had a use for; all other key of them should have been wiped. */
export class KeysInUse {
  /** Units, by link and number of their block. */
  readonly #units = new Map<string, ReadonlySet<number>>();
  /** Units of blocks in use that were used themselves. */
  used = 0;

  constructor(lab: Lab, kmaId: string) {
    const copy = join(lab.directory, `${kmaId}-copy`);
    cpSync(join(lab.directory, kmaId, 'data'), copy, { recursive: true });
    const db = new DatabaseSync(join(copy, 'keys.sqlite'));
    const rows = db
      .prepare(
        `SELECT block.*, burnt_set.units AS burnt FROM block LEFT JOIN burnt_set ON burnt_set.block = block.id WHERE origin = 'link'`,
      )
      .all();
    db.close();
    const pads = padsOf(lab, kmaId);
    for (const row of rows as Row[]) {
      const ends = [kmaId, row.pool];
      const [, , linkId] = LINKS.find(([from, to]) => ends.includes(from) && ends.includes(to))!;
      this.#units.set(`${linkId} ${row.number}`, this.#unitsOf(row, pads));
    }
  }

  /** @param block link and number @param offset in the block */
  has(block: string, offset: number): boolean {
    return this.#units.get(block)?.has(Math.floor(offset / limits.unitBytes)) ?? false;
  }

  #unitsOf({ pool, own, number, state, units, first, epoch, burnt }: Row, pads: Set<string>): Set<number> {
    const found = new Set<number>();
    // The unit before the first one for use became an ID secret, and stays one.
    if (epoch === number && first > 0) found.add(first - 1);
    if (state !== 'received' && state !== 'ready') return found;
    for (let unit = first; unit < units; unit++) {
      const isUsed =
        own === 1
          ? pads.has(`${pool} ${number} ${unit}`)
          : ((burnt?.[unit >> 3] ?? 0) & (1 << (unit & 7))) !== 0;
      if (isUsed) this.used += 1;
      else found.add(unit);
    }
    return found;
  }
}

/** The units of own blocks that a node took as pad, by what it logged. */
function padsOf(lab: Lab, kmaId: string): Set<string> {
  const pads = new Set<string>();
  for (const line of logOf(lab, kmaId)) {
    if (line['event'] !== 'kx.pad.used') continue;
    const { peer, number, index, units } = line as Record<string, number>;
    for (let unit = index!; unit < index! + units!; unit++) pads.add(`${peer} ${number} ${unit}`);
  }
  return pads;
}
