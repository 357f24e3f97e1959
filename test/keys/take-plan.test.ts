import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { limits } from '../../src/limits.ts';
import { Block } from '../../src/store/block.ts';
import { burnsFor, planKeys, planPad, type TakePlan } from '../../src/store/take-plan.ts';

/** Ready own blocks, each with `[units, next, burntTo]` in order. */
const queues = fc.array(
  fc
    .tuple(fc.integer({ min: 1, max: 60 }), fc.nat(60), fc.nat(60))
    .map(([units, a, b]) => [units, Math.min(units, a, b), Math.min(units, Math.max(a, b))] as const),
  { maxLength: 12 },
);

function queueOf(sizes: readonly (readonly [number, number, number])[]): Block[] {
  return sizes.map(([units, next, burnt_to], number) => {
    const row = { id: number, pool: 'B', own: 1, number, origin: 'link', units, created_ms: 0 };
    const block = new Block({ ...row, state: 'ready', first: 0, epoch: 0, burnt_to });
    block.next = next;
    return block;
  });
}

const freeOf = (queue: readonly Block[]) => queue.reduce((sum, block) => sum + block.units - block.next, 0);

/** Each piece lies in its block's free units, and they follow one another without overlap or gap. */
function checkPieces(queue: readonly Block[], { parts, passedOver }: TakePlan): void {
  const next = new Map(queue.map((block) => [block, block.next]));
  let at = 0;
  for (const { block, index, units } of parts) {
    assert.ok(units >= 1);
    assert.equal(index, next.get(block), 'a piece begins where the one before it ended');
    assert.ok(index + units <= block.units, 'a piece lies in its block');
    next.set(block, index + units);
    assert.ok(queue.indexOf(block) >= at, 'blocks are used in order');
    at = queue.indexOf(block);
  }
  for (const block of passedOver) assert.ok(queue.indexOf(block) < at || next.get(block)! < block.units);
}

describe('a plan for keys', () => {
  const wanted = fc.tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 20 }));

  test('has as many keys as asked for, each in one piece, in order and disjoint', () => {
    fc.assert(
      fc.property(queues, wanted, (sizes, [count, units]) => {
        const queue = queueOf(sizes);
        const plan = planKeys(queue, count, units);
        if (plan === undefined) return;
        assert.equal(plan.parts.length, count);
        assert.ok(plan.parts.every((part) => part.units === units));
        checkPieces(queue, plan);
      }),
      { numRuns: 500 },
    );
  });

  test('is there if and only if the blocks have room for so many', () => {
    fc.assert(
      fc.property(queues, wanted, (sizes, [count, units]) => {
        const queue = queueOf(sizes);
        const room = queue.reduce((sum, block) => sum + Math.floor((block.units - block.next) / units), 0);
        assert.equal(planKeys(queue, count, units) !== undefined, room >= count);
      }),
      { numRuns: 500 },
    );
  });

  test('gives up a block only when what is left of it is too little for one key', () => {
    fc.assert(
      fc.property(queues, wanted, (sizes, [count, units]) => {
        const queue = queueOf(sizes);
        const { parts, passedOver } = planKeys(queue, count, units) ?? { parts: [], passedOver: [] };
        assert.equal(new Set(passedOver).size, passedOver.length);
        for (const block of passedOver) {
          const taken = parts.filter((part) => part.block === block).length * units;
          const left = block.units - block.next - taken;
          assert.ok(left > 0 && left < units);
          assert.notEqual(block, parts.at(-1)?.block);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('a plan for pad', () => {
  const wanted = fc.integer({ min: 1, max: 300 });

  test('has as many units as asked for, in order and disjoint', () => {
    fc.assert(
      fc.property(queues, wanted, (sizes, units) => {
        const queue = queueOf(sizes);
        const plan = planPad(queue, units);
        assert.equal(plan !== undefined, freeOf(queue) >= units);
        if (plan === undefined) return;
        assert.equal(
          plan.parts.reduce((sum, part) => sum + part.units, 0),
          units,
        );
        checkPieces(queue, plan);
        assert.equal(new Set(plan.parts.map((part) => part.block)).size, plan.parts.length);
        assert.deepEqual(plan.passedOver, []);
      }),
      { numRuns: 500 },
    );
  });

  test('has no more pieces than a message may name', () => {
    const units = limits.padSegmentsMax;
    const single = Array.from({ length: units + 1 }, () => [1, 0, 1] as const);
    assert.equal(planPad(queueOf(single), units)?.parts.length, units);
    assert.equal(planPad(queueOf(single), units + 1), undefined);
  });
});

describe('what a plan burns', () => {
  const strides = fc.integer({ min: limits.burnStrideUnitsMin, max: limits.burnStrideUnitsMax });

  test('covers every piece, goes back nowhere, and ends with its block', () => {
    fc.assert(
      fc.property(queues, fc.integer({ min: 1, max: 300 }), strides, (sizes, units, stride) => {
        const queue = queueOf(sizes);
        const plan = planPad(queue, units);
        if (plan === undefined) return;
        const burns = burnsFor(plan, stride);
        for (const { block, index, units } of plan.parts) {
          const upto = burns.get(block) ?? block.burntTo;
          assert.ok(index + units <= upto && upto <= block.units);
        }
        for (const [block, upto] of burns) {
          assert.ok(upto > block.burntTo, 'what is burnt already is not burnt again');
          assert.ok(plan.parts.some((part) => part.block === block));
          const end = Math.max(...plan.parts.filter((p) => p.block === block).map((p) => p.index + p.units));
          assert.equal(upto, Math.min(block.units, Math.max(end, block.burntTo + stride)));
        }
      }),
      { numRuns: 500 },
    );
  });

  test('is nothing when all of the plan is burnt', () => {
    const queue = queueOf([
      [10, 4, 10],
      [10, 0, 3],
    ]);
    assert.equal(burnsFor(planPad(queue, 9)!, 16).size, 0);
    assert.deepEqual([...burnsFor(planPad(queue, 10)!, 16).values()], [10]);
  });
});
