import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProposalInbox } from '../../src/kma/proposal-inbox.ts';
import type { Proposal } from '../../src/kx/codec/private-messages.ts';
import { limits } from '../../src/limits.ts';
import { ManualClock } from '../manual-clock.ts';

const proposals = (from: number, count: number): Proposal[] =>
  Array.from({ length: count }, (_, i) => ({
    number: from + i,
    bytes: 512,
    epoch: from,
    tag: Buffer.alloc(16),
  }));

test('proposals beyond what may wait are dropped as they come in a message, and all others are looked at, in order', async () => {
  const clock = new ManualClock();
  const looked: number[] = [];
  const busy = Promise.withResolvers<void>();
  const inbox = new ProposalInbox(clock, async (batch) => {
    await busy.promise;
    for (const { number } of batch) looked.push(number);
  });
  let over = false;
  inbox.add(proposals(0, 1)).then(() => {
    over = true;
  });
  const max = limits.pendingProposalsMax;
  inbox.add(proposals(1, max - 1));
  inbox.add(proposals(10_000, 2));
  inbox.add(proposals(max, 1));
  inbox.add(proposals(20_000, 1));
  busy.resolve();
  const batches = 1 + max / limits.syncChunk;
  for (let turns = 0; !over && turns < 2 * batches; turns++) {
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(0);
  }
  assert.ok(over);
  assert.deepEqual(
    looked,
    Array.from({ length: 1 + max }, (_, number) => number),
  );
});
