import { sealedBytes } from '../keys/secret-box.ts';
import { limits } from '../limits.ts';
import { Block } from './block.ts';
import type { Statements } from './statements.ts';

type Place = { readonly at: number; readonly bytes: number };

/**
 * The live blocks as the database has them, and their places in the block file. Rows that name one place twice were damaged: all but the first lose
 * theirs, and are found not to open.
 */
export function loadBlocks(statements: Statements): { blocks: Block[]; places: Place[] } {
  const rows = statements.selectLive.all();
  const lost = new Set<unknown>();
  const places: Place[] = [];
  let end = 0;
  for (const { id, place } of placesIn(rows)) {
    if (place.at < end) lost.add(id);
    else {
      places.push(place);
      end = place.at + Math.ceil(place.bytes / limits.blockFileGranuleBytes);
    }
  }
  return {
    blocks: rows.map((row) => new Block(lost.has(row['id']) ? { ...row, extent: null } : row)),
    places,
  };
}

function placesIn(rows: readonly Record<string, unknown>[]): { id: unknown; place: Place }[] {
  return rows
    .flatMap((row) => {
      const at = row['extent'];
      if (typeof at !== 'number') return [];
      const bytes = sealedBytes((row['units'] as number) * limits.unitBytes);
      return [{ id: row['id'], place: { at, bytes } }];
    })
    .sort((a, b) => a.place.at - b.place.at);
}
