import { randomBytes } from 'node:crypto';
import { base64Length, writeBase64 } from '../bytes/base64.ts';

/**
 * Kx messages written as plainly as can be and with nothing of the agent's codec: what is to be found out must not be shared by both ends.
 */
export type HeaderFields = {
  readonly version?: number;
  readonly id?: number;
  readonly command: number;
  /** Instead of the length that the payload has. */
  readonly length?: number;
};

export const code = {
  relay: 0x1101,
  completion: 0x1102,
  supply: 0x1103,
  supplyResponse: 0x1104,
  greeting: 0x11f0,
  ping: 0x11fe,
  pong: 0x11ff,
} as const;

/** A frame (Q.4163 Figure I.1), right or wrong as asked for. */
export function frame(fields: HeaderFields, payload: Buffer | string): Buffer {
  const body = Buffer.from(payload);
  const header = Buffer.alloc(10);
  header.writeUInt16BE(fields.version ?? 1, 0);
  header.writeUInt32BE(fields.id ?? 1, 2);
  header.writeUInt16BE(fields.command, 6);
  header.writeUInt16BE(fields.length ?? body.length, 8);
  return Buffer.concat([header, body]);
}

const parameters = {
  source: ['source_KMA_ID', 'Source KMA ID', 'sourceKmaId', 'source_kma_id'],
  destination: ['destination_KMA_ID', 'Destination KMA ID', 'destinationKmaId', 'destination_kma_id'],
  transit: ['transit_KMA_IDs', 'Transit KMA IDs', 'transitKmaIds', 'transit_kma_ids'],
  keys: ['keys', 'Keys', 'keys', 'keys'],
  keyId: ['key_ID', 'Key ID', 'keyId', 'key_id'],
  key: ['key', 'Key', 'key', 'key'],
  keyExtension: ['key_extension', 'Key extension', 'keyExtension', 'key_extension'],
  request: ['key_relay_request_ID', 'Key relay request ID', 'keyRelayRequestId', 'key_relay_request_id'],
  extension: ['extension', 'Extension', 'extension', 'extension'],
  response: ['response', 'Response', 'response', 'response'],
  session: ['session_ID', 'Session ID', 'sessionId', 'session_id'],
  number: ['number_of_keys', 'Number of keys', 'numberOfKeys', 'number_of_keys'],
  size: ['size_of_key', 'Size of key', 'sizeOfKey', 'size_of_key'],
} as const;

export type Parameter = keyof typeof parameters;
export const spellings = parameters.source;
export type Spelling = (typeof spellings)[number];

export function nameOf(parameter: Parameter, spelling: Spelling): string {
  return parameters[parameter][spellings.indexOf(spelling)]!;
}

/** An object whose members are named by their parameters. */
export function spelt(
  members: Partial<Record<Parameter, unknown>>,
  spelling: Spelling,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(members).map(([parameter, value]) => [nameOf(parameter as Parameter, spelling), value]),
  );
}

export type RelayKey = { readonly id: string; readonly bytes: number; readonly extension?: object };

/** A list of key entries with room for their keys, which `withKeys` fills. */
export function keyEntries(keys: readonly RelayKey[], spelling: Spelling): object[] {
  return keys.map(({ id, bytes, extension }) =>
    spelt({ keyId: id, key: room(bytes), ...(extension && { keyExtension: extension }) }, spelling),
  );
}

/** JSON text of `value` with fresh random bytes where `keyEntries` left room. Key goes into the bytes only, never through a string. */
export function withKeys(value: object, keys: readonly Pick<RelayKey, 'bytes'>[]): Buffer {
  const payload = Buffer.from(JSON.stringify(value));
  let at = 0;
  for (const { bytes } of keys) {
    at = payload.indexOf(`"${room(bytes)}"`, at) + 1;
    if (at === 0) throw new Error('there is no room for a key');
    const key = randomBytes(bytes);
    at = writeBase64(key, payload, at);
    key.fill(0);
  }
  return payload;
}

function room(bytes: number): string {
  return '.'.repeat(base64Length(bytes));
}
