import { limits } from '../limits.ts';
import type { Block } from './block.ts';

export type Part = { readonly block: Block; readonly index: number; readonly units: number };
export type TakePlan = {
  readonly parts: readonly Part[];
  /** Blocks whose last units are too few for one key; they are given up. */
  readonly passedOver: readonly Block[];
};

/** What to take from `queue` (ready own blocks, in order) for `count` keys of `units` KMA-keys, each in one piece. */
export function planKeys(queue: Iterable<Block>, count: number, units: number): TakePlan | undefined {
  const parts: Part[] = [];
  const passedOver: Block[] = [];
  for (const block of queue) {
    let index = block.next;
    for (; parts.length < count && index + units <= block.units; index += units)
      parts.push({ block, index, units });
    if (parts.length === count) return { parts, passedOver };
    if (index < block.units) passedOver.push(block);
  }
  return undefined;
}

/** What to take for a pad of `units` KMA-keys, in as few pieces as the blocks allow. */
export function planPad(queue: Iterable<Block>, units: number): TakePlan | undefined {
  const parts: Part[] = [];
  let missing = units;
  for (const block of queue) {
    const take = Math.min(missing, block.units - block.next);
    if (take > 0) parts.push({ block, index: block.next, units: take });
    missing -= take;
    if (missing === 0) return { parts, passedOver: [] };
    if (parts.length === limits.padSegmentsMax) return undefined;
  }
  return undefined;
}

/** How far each block of the plan is to be burnt before any of it is used; empty when all of it already is. */
export function burnsFor(plan: TakePlan, stride: number): Map<Block, number> {
  const upto = new Map<Block, number>();
  for (const { block, index, units } of plan.parts) {
    if (index + units <= block.burntTo) continue;
    upto.set(block, Math.min(block.units, Math.max(index + units, block.burntTo + stride)));
  }
  return upto;
}

/** Puts into `burns` how far the blocks of `queue` are to be burnt so that the next `units` of it are, or as many as there are. */
export function burnNext(burns: Map<Block, number>, queue: Iterable<Block>, units: number): void {
  let missing = units;
  for (const block of queue) {
    const end = Math.min(block.units, block.next + missing);
    if (end > Math.max(block.burntTo, burns.get(block) ?? 0)) burns.set(block, end);
    missing -= end - block.next;
    if (missing <= 0) return;
  }
}

export function unitsOf({ parts }: TakePlan): number {
  return parts.reduce((sum, { units }) => sum + units, 0);
}
