import { base64Faults } from './base64.ts';
import { headerFaults } from './header.ts';
import { hopFaults } from './hop.ts';
import { jsonFaults, utf8Faults } from './json.ts';
import { completionFaults, keyRelayFaults } from './members.ts';
import type { Vector } from './message.ts';
import { BLOCK, block, FIRST, GREETING, RECEIVER, SENDER } from './setting.ts';
import { keySupplyFaults, supplyAnswerFaults } from './supply.ts';
import { synchronisationFaults } from './synchronisation.ts';

export type Setting = ReturnType<typeof setting>;

/** What the vectors of all files share. */
export function setting() {
  return {
    sender: SENDER,
    receiver: RECEIVER,
    greeting: GREETING.toString('hex'),
    block_number: BLOCK,
    first_unit: FIRST,
    block: block.toString('hex'),
  };
}

/** The vectors that each hold one fault, or show what is none, by the name of their file in test/golden/kx. */
export const faultFiles: Readonly<Record<string, () => Vector[]>> = {
  'fault-header': headerFaults,
  'fault-json': jsonFaults,
  'fault-utf8': utf8Faults,
  'fault-key-relay': keyRelayFaults,
  'fault-completion': completionFaults,
  'fault-key-supply': keySupplyFaults,
  'fault-supply-answer': supplyAnswerFaults,
  'fault-base64': base64Faults,
  'fault-hop': hopFaults,
  'fault-synchronisation': synchronisationFaults,
};
