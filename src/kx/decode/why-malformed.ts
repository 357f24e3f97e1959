import type { KxHeader } from '../codec/header.ts';
import { describeMessage } from './message.ts';

/**
 * What is wrong with a message that the agent did not understand, in words for the log: whoever writes the other end needs to know.
 * @param payload only lent; nothing of its content is in the answer
 */
export function whyMalformed({
  header,
  payload,
}: {
  readonly header: KxHeader;
  readonly payload: Buffer;
}): string {
  const [fault] = describeMessage(0, header, payload).faults;
  return fault === undefined
    ? 'a member is out of bounds'
    : `${fault.text} (${fault.clause}; byte ${fault.offset})`;
}
