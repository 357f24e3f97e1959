import { limits } from '../../limits.ts';
import { badRequest, Refusal } from './refusal.ts';

export type Operation = 'status' | 'enc_keys' | 'dec_keys' | 'pushed_keys';

/** What a request line asks for. */
export type Target = {
  readonly operation: Operation;
  /** The other application: the slave for `status` and `enc_keys`, the master for `dec_keys` and `pushed_keys`. Percent-decoded. */
  readonly saeId: string;
  /** As sent, without the question mark. */
  readonly query: string;
};

/** The three URLs of GS QKD 014 clause 5, and our stream of keys beside them. */
const PATH = /^\/api\/v1\/keys\/([^/]+)\/(status|enc_keys|dec_keys|pushed_keys)$/;
const ORIGIN = /^https:\/\/[^/?#]+/i;
/** Control characters have no place in an ID, and would in a log line. */
const CONTROL = /\p{Cc}/u;

/** Reads the target of a request line, in origin form or (RFC 9112 clause 3.2.2) absolute form. */
export function parseTarget(url: string): Target | Refusal {
  if (url.length > limits.supplyUrlCharsMax) {
    return new Refusal(414, 'application.bad_request', 'the URL is too long', 'Use POST.');
  }
  const local = url.startsWith('/') ? url : url.replace(ORIGIN, '');
  const mark = local.indexOf('?');
  const match = PATH.exec(mark === -1 ? local : local.slice(0, mark));
  if (match === null) {
    return new Refusal(
      404,
      'application.unknown_path',
      'no such resource',
      'Use /api/v1/keys/{SAE_ID}/status, enc_keys, dec_keys or pushed_keys.',
    );
  }
  const saeId = percentDecoded(match[1]!);
  if (saeId === undefined || !isSaeId(saeId)) return badRequest('the SAE ID in the path is malformed');
  const query = mark === -1 ? '' : local.slice(mark + 1);
  return { operation: match[2] as Operation, saeId, query };
}

/** Whether a text can be an SAE ID at all: the standard leaves the form open. */
export function isSaeId(text: string): boolean {
  return text.length > 0 && text.length <= limits.idCharsMax && !CONTROL.test(text);
}

/**
 * Reads a query whose parameters are all among `known`, each given at most once. An unknown one is refused, as a
 * misspelt `number` would otherwise cost key that nobody asked for.
 */
export function parseQuery(query: string, known: readonly string[]): Map<string, string> | Refusal {
  const found = new Map<string, string>();
  if (query === '') return found;
  for (const part of query.split('&')) {
    const equals = part.indexOf('=');
    const name = equals === -1 ? undefined : percentDecoded(part.slice(0, equals));
    const value = percentDecoded(part.slice(equals + 1));
    if (name === undefined || value === undefined) return badRequest('the query is malformed');
    if (!known.includes(name))
      return badRequest(`the query may hold only ${known.join(' and ') || 'nothing'}`);
    if (found.has(name)) return badRequest(`${name} is given twice`);
    found.set(name, value);
  }
  return found;
}

function percentDecoded(text: string): string | undefined {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
