import { foreignKeyId } from '../../keys/foreign-key-id.ts';
import { limits } from '../../limits.ts';
import { tooMany } from './key-request.ts';
import { badRequest, keysNotFound, Refusal } from './refusal.ts';
import { parseQuery } from './target.ts';

/** Whether a text is a key ID in the form in which we hold and write it. */
export function isKeyId(text: string): boolean {
  return foreignKeyId(text) === text;
}

/** `GET …/dec_keys?key_ID=<ID>`: exactly one ID. Returns UUIDs in lower case, IDs of plain KMs in other forms as they are. */
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
  const keyIds = given.map(foreignKeyId);
  if (!keyIds.every((keyId) => keyId !== undefined)) {
    return keysNotFound('Give key IDs as enc_keys returned them.');
  }
  // A key is handed out once, so the second of two equal IDs could not be answered.
  if (new Set(keyIds).size !== keyIds.length) return badRequest('a key_ID is given twice');
  return keyIds;
}
