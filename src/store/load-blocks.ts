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
  const blocks: Block[] = [];
  // One by one: all rows at once would take several times the memory of the blocks.
  for (const row of statements.selectLive.each()) blocks.push(new Block(row));
  return { blocks, places: placesOf(blocks) };
}

function placesOf(blocks: readonly Block[]): Place[] {
  const long = blocks.filter(({ extent }) => extent !== undefined);
  long.sort((a, b) => a.extent! - b.extent!);
  const places: Place[] = [];
  let end = 0;
  for (const block of long) {
    const at = block.extent!;
    if (at < end) {
      block.extent = undefined;
      continue;
    }
    const bytes = sealedBytes(block.units * limits.unitBytes);
    places.push({ at, bytes });
    end = at + Math.ceil(bytes / limits.blockFileGranuleBytes);
  }
  return places;
}
