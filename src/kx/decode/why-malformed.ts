import { limits } from '../../limits.ts';
import type { KxHeader } from '../codec/header.ts';
import { describeMessage } from './message.ts';

/**
 * What is wrong with a message that the agent did not understand, in words for the log: whoever writes the other end needs to know.
 * @param payload only lent; nothing of its content is in the answer
 * @param first whether it is the first bad one of its connection: to look into a long one costs many times what reading it does, so that
 *   is done once
 */
export function whyMalformed(
  { header, payload }: { readonly header: KxHeader; readonly payload: Buffer },
  first: boolean,
): string {
  const most = first ? limits.explainedFirstBytesMax : limits.explainedBytesMax;
  if (payload.length > most)
    return `it has ${payload.length} bytes, too many to look for the fault here: have "keyferry decode" look at a capture`;
  const [fault] = describeMessage(0, header, payload).faults;
  return fault === undefined
    ? 'a member is out of bounds'
    : `${fault.text} (${fault.clause}; byte ${fault.offset})`;
}
