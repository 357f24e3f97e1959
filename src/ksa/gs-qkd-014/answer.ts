import type { IncomingMessage } from 'node:http';
import { assert } from '../../errors.ts';
import type { ApplicationPair, KeySupply, SuppliedKey } from '../key-supply.ts';
import { keyContainer, statusBody } from './bodies.ts';
import { readObject } from './body-reader.ts';
import { keyIdsOfBody, keyIdsOfQuery } from './key-ids.ts';
import { fitToStatus, type KeyRequest, keyRequestOfBody, keyRequestOfQuery } from './key-request.ts';
import { extensionMandatory, Refusal, unknownSae } from './refusal.ts';
import { type Operation, parseQuery, parseTarget } from './target.ts';

/** `body` may hold keys: whoever gets it wipes it. */
export type Answer = { readonly operation: Operation; readonly keys: number; readonly body: Buffer };

/** A stream that is to be opened to the slave. */
export type StreamFor = { readonly pair: ApplicationPair };

const METHODS: Readonly<Record<Operation, readonly string[]>> = {
  status: ['GET'],
  enc_keys: ['GET', 'POST'],
  dec_keys: ['GET', 'POST'],
  pushed_keys: ['GET'],
};

type Outcome = Answer | StreamFor | Refusal | undefined;

/**
 * Answers one request of the application `caller`. Gives undefined when the client left before it had said what it
 * wants. Throws or rejects with what the supply threw; no key is held then.
 */
export function answerTo(
  request: IncomingMessage,
  caller: string,
  supply: KeySupply,
): Outcome | Promise<Outcome> {
  const target = parseTarget(request.url ?? '');
  if (target instanceof Refusal) return target;
  const methods = METHODS[target.operation];
  if (!methods.includes(request.method ?? '')) {
    const allow = methods.join(', ');
    return new Refusal(405, 'application.bad_request', `use ${allow}`, undefined, ['Allow', allow]);
  }
  const { saeId, query } = target;
  switch (target.operation) {
    case 'status':
      return status({ masterSaeId: caller, slaveSaeId: saeId }, query, supply);
    case 'enc_keys': {
      const pair = { masterSaeId: caller, slaveSaeId: saeId };
      if (request.method === 'GET') return freshKeys(keyRequestOfQuery(query), pair, supply);
      return ofBody(request, query, keyRequestOfBody).then((asked) => freshKeys(asked, pair, supply));
    }
    case 'dec_keys': {
      const pair = { masterSaeId: saeId, slaveSaeId: caller };
      if (request.method === 'GET') return keysWithIds(keyIdsOfQuery(query), pair, supply);
      return ofBody(request, query, keyIdsOfBody).then((keyIds) => keysWithIds(keyIds, pair, supply));
    }
    case 'pushed_keys':
      return pushedKeys({ masterSaeId: saeId, slaveSaeId: caller }, query, supply);
  }
}

/** Clause 5.1. */
function status(pair: ApplicationPair, query: string, supply: KeySupply): Answer | Refusal {
  const unexpected = parseQuery(query, []);
  if (unexpected instanceof Refusal) return unexpected;
  const facts = supply.status(pair);
  if (facts === undefined) return unknownSae();
  return { operation: 'status', keys: 0, body: statusBody(pair, facts) };
}

/** Clause 5.2. */
async function freshKeys(
  asked: KeyRequest | Refusal | undefined,
  pair: ApplicationPair,
  supply: KeySupply,
): Promise<Outcome> {
  if (asked === undefined || asked instanceof Refusal) return asked;
  const facts = supply.status(pair);
  if (facts === undefined) return unknownSae();
  const fitted = fitToStatus(asked, facts);
  if (fitted instanceof Refusal) return fitted;
  if (asked.mustNotify && !facts.notifies) return extensionMandatory();
  const keys = await supply.take(pair, fitted.number, fitted.sizeBits, asked.notify);
  return delivered('enc_keys', keys, fitted.number);
}

/** Clause 5.3. */
async function keysWithIds(
  keyIds: readonly string[] | Refusal | undefined,
  pair: ApplicationPair,
  supply: KeySupply,
): Promise<Outcome> {
  if (keyIds === undefined || keyIds instanceof Refusal) return keyIds;
  const keys = await supply.find(pair, keyIds);
  return delivered('dec_keys', keys, keyIds.length);
}

/** Ours, beside the standard: what is supplied without being asked for by its ID (Q.4163 clause 7.2). */
function pushedKeys(pair: ApplicationPair, query: string, supply: KeySupply): StreamFor | Refusal {
  const unexpected = parseQuery(query, []);
  if (unexpected instanceof Refusal) return unexpected;
  supply.admit(pair);
  return { pair };
}

/** A POST says in its body what a GET says in its query. */
async function ofBody<Asked>(
  request: IncomingMessage,
  query: string,
  read: (body: object) => Asked | Refusal,
): Promise<Asked | Refusal | undefined> {
  const unexpected = parseQuery(query, []);
  if (unexpected instanceof Refusal) return unexpected;
  const body = await readObject(request);
  return body === undefined || body instanceof Refusal ? body : read(body);
}

function delivered(operation: Operation, keys: readonly SuppliedKey[], asked: number): Answer {
  try {
    assert(keys.length === asked, 'the supply gave another number of keys than it was asked for');
    return { operation, keys: keys.length, body: keyContainer(keys) };
  } finally {
    for (const key of keys) key.bytes.wipe();
  }
}
