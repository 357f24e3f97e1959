import { limits } from '../../limits.ts';
import { tooMany } from './key-request.ts';
import { badRequest, keysNotFound, Refusal } from './refusal.ts';
import { parseQuery } from './target.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Whether a text is a UUID in lower case, the one form in which we hold and write key IDs. */
export function isKeyId(text: string): boolean {
  return UUID.test(text);
}

/** `GET …/dec_keys?key_ID=<UUID>`: exactly one ID. Returns UUIDs in lower case. */
export function keyIdsOfQuery(query: string): readonly string[] | Refusal {
  const parameters = parseQuery(query, ['key_ID']);
  if (parameters instanceof Refusal) return parameters;
  const keyId = parameters.get('key_ID');
  return keyId === undefined ? badRequest('key_ID is missing') : checked([keyId]);
}

/** @param body the parsed body of `POST …/dec_keys`, the Key IDs data format (GS QKD 014 clause 6.4) */
export function keyIdsOfBody(body: object): readonly string[] | Refusal {
  const entries = (body as Readonly<Record<string, unknown>>)['key_IDs'];
  if (!Array.isArray(entries) || entries.length === 0) {
    return badRequest('key_IDs shall be an array of at least one object');
  }
  if (entries.length > limits.supplyKeysPerRequestMax) return tooMany(limits.supplyKeysPerRequestMax);
  const keyIds: string[] = [];
  for (const entry of entries as unknown[]) {
    const keyId = typeof entry === 'object' && entry !== null && 'key_ID' in entry ? entry.key_ID : undefined;
    if (typeof keyId !== 'string') return badRequest('each entry of key_IDs shall hold a key_ID');
    keyIds.push(keyId);
  }
  return checked(keyIds);
}

function checked(given: readonly string[]): readonly string[] | Refusal {
  const keyIds = given.map((keyId) => keyId.toLowerCase());
  if (!keyIds.every(isKeyId)) {
    return keysNotFound('Give key IDs as enc_keys returned them: UUIDs.');
  }
  // A key is handed out once, so the second of two equal IDs could not be answered.
  if (new Set(keyIds).size !== keyIds.length) return badRequest('a key_ID is given twice');
  return keyIds;
}
