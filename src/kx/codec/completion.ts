import { limits } from '../../limits.ts';
import { Draft } from './draft.ts';
import { findHop, type HopView } from './hop.ts';
import { JsonView } from './json-view.ts';
import { type MemberNames, spell } from './member-names.ts';

/** What a completion's `response` says. Every word but `success` is a reason of failure. */
export const relayResponses = [
  'success',
  'no_route',
  'peer_unreachable',
  'no_pad',
  'authentication_failed',
  'malformed',
  'refused_by_policy',
  'unsupported_key',
  'unknown_epoch',
  'conflict',
  'store_unavailable',
  'overloaded',
  'timeout',
] as const;
export type RelayResponse = (typeof relayResponses)[number];

/** A key relay completion notification (Q.4163 §8.2, Table 2). */
export type Completion = {
  readonly response: string;
  readonly requestId: string | undefined;
  readonly hop: HopView | undefined;
};

export function readCompletion(payload: Buffer): Completion | undefined {
  const message = JsonView.of(payload);
  if (!(message instanceof JsonView)) return undefined;
  const response = message.member('response')?.text(limits.responseCharsMax);
  const member = message.optional('keyrelayrequestid');
  const requestId = member?.text(limits.idCharsMax);
  if (!response || (member !== undefined && !requestId)) return undefined;
  return { response, requestId, hop: findHop(message) };
}

/** The payload up to its hop entry. Without a request ID (Table 2 has it optional) only a plain peer understands it. */
export function writeCompletion(
  response: string,
  requestId: string | undefined,
  names: MemberNames = 'source_KMA_ID',
): Draft {
  const id =
    requestId === undefined ? '' : `"${spell('key_relay_request_ID', names)}":${JSON.stringify(requestId)},`;
  const text = `{"${spell('response', names)}":${JSON.stringify(response)},${id}"${spell('extension', names)}":[`;
  return Draft.of(Buffer.from(text, 'utf8'));
}

/** The Recommendation leaves the words of a response open: what a plain peer says when all is well, in ours. */
export function inOurWords(response: string): string {
  return /^(success|successful|ok)$/i.test(response) ? 'success' : response;
}

/** Cut short where a peer has much to say: so it goes into logs, errors and the status. */
export function inShort(response: string): string {
  if (response.length <= limits.responseCharsShown) return response;
  return `${response.slice(0, limits.responseCharsShown).toWellFormed()}…`;
}
