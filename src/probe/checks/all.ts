import type { Check } from '../check.ts';
import { connectionChecks } from './connection.ts';
import { framingChecks } from './framing.ts';
import { keyferryChecks } from './keyferry.ts';
import { memberChecks } from './members.ts';
import { payloadChecks } from './payload.ts';
import { relayChecks } from './relay.ts';
import { supplyChecks } from './supply.ts';
import { transitChecks } from './transit.ts';

/** Every check, in the order in which they run: what the others build on comes first. */
export const allChecks: readonly Check[] = [
  ...connectionChecks,
  ...keyferryChecks,
  ...relayChecks,
  ...transitChecks,
  ...supplyChecks,
  ...framingChecks,
  ...payloadChecks,
  ...memberChecks,
];
