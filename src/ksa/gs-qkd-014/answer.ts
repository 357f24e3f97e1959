import type { IncomingMessage } from 'node:http';
import { assert } from '../../errors.ts';
import type { KeySupply, SuppliedKey } from '../key-supply.ts';
import { keyContainer, statusBody } from './bodies.ts';
import { readObject } from './body-reader.ts';
import { keyIdsOfBody, keyIdsOfQuery } from './key-ids.ts';
import { fitToStatus, keyRequestOfBody, keyRequestOfQuery } from './key-request.ts';
import { Refusal, unknownSae } from './refusal.ts';
import { type Operation, parseQuery, parseTarget, type Target } from './target.ts';

/** `body` may hold keys: whoever gets it wipes it. */
export type Answer = { readonly operation: Operation; readonly keys: number; readonly body: Buffer };

const METHODS: Readonly<Record<Operation, readonly string[]>> = {
  status: ['GET'],
  enc_keys: ['GET', 'POST'],
  dec_keys: ['GET', 'POST'],
};

/**
 * Answers one request of the application `caller`. Resolves to undefined when the client left before it had said what
 * it wants. Rejects with what the supply threw; no key is held then.
 */
export async function answerTo(
  request: IncomingMessage,
  caller: string,
  supply: KeySupply,
): Promise<Answer | Refusal | undefined> {
  const target = parseTarget(request.url ?? '');
  if (target instanceof Refusal) return target;
  const methods = METHODS[target.operation];
  if (!methods.includes(request.method ?? '')) {
    const allow = methods.join(', ');
    return new Refusal(405, 'application.bad_request', `use ${allow}`, undefined, ['Allow', allow]);
  }
  switch (target.operation) {
    case 'status':
      return status(target, caller, supply);
    case 'enc_keys':
      return freshKeys(request, target, caller, supply);
    case 'dec_keys':
      return keysWithIds(request, target, caller, supply);
  }
}

/** Clause 5.1. */
function status(target: Target, caller: string, supply: KeySupply): Answer | Refusal {
  const query = parseQuery(target.query, []);
  if (query instanceof Refusal) return query;
  const pair = { masterSaeId: caller, slaveSaeId: target.saeId };
  const facts = supply.status(pair);
  if (facts === undefined) return unknownSae();
  return { operation: 'status', keys: 0, body: statusBody(pair, facts) };
}

/** Clause 5.2. */
async function freshKeys(
  request: IncomingMessage,
  target: Target,
  caller: string,
  supply: KeySupply,
): Promise<Answer | Refusal | undefined> {
  const asked = await parameters(request, target.query, keyRequestOfQuery, keyRequestOfBody);
  if (asked === undefined || asked instanceof Refusal) return asked;
  const pair = { masterSaeId: caller, slaveSaeId: target.saeId };
  const facts = supply.status(pair);
  if (facts === undefined) return unknownSae();
  const fitted = fitToStatus(asked, facts);
  if (fitted instanceof Refusal) return fitted;
  const keys = await supply.take(pair, fitted.number, fitted.sizeBits);
  return delivered('enc_keys', keys, fitted.number);
}

/** Clause 5.3. */
async function keysWithIds(
  request: IncomingMessage,
  target: Target,
  caller: string,
  supply: KeySupply,
): Promise<Answer | Refusal | undefined> {
  const keyIds = await parameters(request, target.query, keyIdsOfQuery, keyIdsOfBody);
  if (keyIds === undefined || keyIds instanceof Refusal) return keyIds;
  const keys = await supply.find({ masterSaeId: target.saeId, slaveSaeId: caller }, keyIds);
  return delivered('dec_keys', keys, keyIds.length);
}

/** What is asked for is in the query of a GET and in the body of a POST. */
async function parameters<Asked>(
  request: IncomingMessage,
  query: string,
  ofQuery: (query: string) => Asked | Refusal,
  ofBody: (body: object) => Asked | Refusal,
): Promise<Asked | Refusal | undefined> {
  if (request.method === 'GET') return ofQuery(query);
  const unexpected = parseQuery(query, []);
  if (unexpected instanceof Refusal) return unexpected;
  const body = await readObject(request);
  return body === undefined || body instanceof Refusal ? body : ofBody(body);
}

function delivered(operation: Operation, keys: readonly SuppliedKey[], asked: number): Answer {
  try {
    assert(keys.length === asked, 'the supply gave another number of keys than it was asked for');
    return { operation, keys: keys.length, body: keyContainer(keys) };
  } finally {
    for (const key of keys) key.bytes.wipe();
  }
}
