import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WaitingProposals } from '../../src/kma/waiting-proposals.ts';
import type { Proposal } from '../../src/kx/codec/private-messages.ts';
import { limits } from '../../src/limits.ts';

const proposal = (number: number) => ({ number }) as Proposal;

test('proposals for blocks that never come make room for newer ones', () => {
  const waiting = new WaitingProposals();
  for (let number = 0; number <= limits.pendingProposalsMax; number++) waiting.add(proposal(number));
  assert.equal(waiting.take(0), undefined);
  assert.equal(waiting.take(1)?.number, 1);
  assert.equal(waiting.take(limits.pendingProposalsMax)?.number, limits.pendingProposalsMax);
  assert.equal(waiting.all().length, limits.pendingProposalsMax - 2);
});
