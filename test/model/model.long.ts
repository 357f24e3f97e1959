import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { search, testHolds, whyNoSpin } from './spin.ts';

/** Each planted bug, and what of the property that it breaks spin names. */
const BUGS = [
  ['link.pml', 'BURN_AFTER_USE', /!\(used\[pad\]\)/],
  ['link.pml', 'SAME_PAD_ON_RETRY', /!\(used\[pad\]\)/],
  ['link.pml', 'STORED_AGAIN', /!\(used\[pad\]\)/],
  ['link.pml', 'WRONG_DIRECTION', /\(pad\/3\)&1\)==/],
  ['link.pml', 'READY_WITHOUT_PROOF', /differs\[/],
  ['link.pml', 'ONE_PROOF_KEY', /proved\[slot\]/],
  ['link.pml', 'ACK_BEFORE_SYNC', /acknowledged\[/],
  ['link.pml', 'ANSWER_BEFORE_SYNC', /seen\[pad\]/],
  ['link.pml', 'COMPLETE_BEFORE_STORE', /heldOnDisk\[number\]==made\[number\]/],
  ['link.pml', 'KEEP_BEFORE_COMPLETION', /heldOnDisk\[b\]==made\[b\]/],
  ['link.pml', 'NUMBER_NOT_DURABLE', /held\[number\]==key/],
  ['link.pml', 'RELAY_STORED_TWICE', /copies\[number\]<=1/],
  ['link.pml', 'NOT_PROPOSED_AGAIN', /mem\[\(\(0\*2\)\+b\)\]==mem/],
  ['link.pml', 'NOT_SENT_AGAIN', /relay\[b\]!=1/],
  ['epochs.pml', 'EPOCH_IN_PROOF', /proved\[b\]==epoch/],
  ['epochs.pml', 'EPOCH_UNCHECKED', /ownSecrets>>ownEpoch\[b\]/],
  ['epochs.pml', 'EPOCH_CHANGES', /theirEpoch\[b\]==ownEpoch\[b\]/],
  ['epochs.pml', 'NEW_EPOCH_ON_REPEAT', /theirEpoch\[b\]==ownEpoch\[b\]/],
] as const;

describe('the model of a link', { skip: whyNoSpin(), concurrency: 1 }, () => {
  testHolds('link.pml', ['BLOCKS=2', 'UNITS=3', 'RELAYS=2', 'FAULTS=3'], 400_000);
  testHolds('link.pml', ['BLOCKS=3', 'UNITS=2', 'RELAYS=1', 'FAULTS=1'], 450_000);
  testHolds('epochs.pml', ['TROUBLES=2'], 450_000);
});

describe('the model of a link, larger', { skip: whyNoSpin(), concurrency: 1 }, () => {
  testHolds('link.pml', ['BLOCKS=3', 'UNITS=2', 'RELAYS=1', 'FAULTS=2'], 900_000);
  testHolds('epochs.pml', ['TROUBLES=3'], 2_500_000);
});

describe('the model of a link with a planted bug', { skip: whyNoSpin(), concurrency: 1 }, () => {
  for (const [model, bug, property] of BUGS)
    test(`${model} with ${bug}: a property does not hold`, async () => {
      const { violated } = await search(model, [bug], true);
      assert.match(violated ?? 'all properties hold', property);
    });
});
