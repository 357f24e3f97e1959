import { limits } from '../../limits.ts';
import type { RelayResponse } from './completion.ts';
import { Draft } from './draft.ts';
import { findHop, type HopView } from './hop.ts';
import { JsonView } from './json-view.ts';
import { findKeys, type KeyTable } from './key-table.ts';
import { keyForm, writeKeys } from './key-writer.ts';
import { type MemberNames, spell } from './member-names.ts';
import { takeMemory } from './slots.ts';

/** Which block of the pool between source and destination the keys of a message are (ours, not the Recommendation's). */
export type RelayedBlock = {
  readonly number: number;
  /** The block whose first KMA-key is the ID secret for this one; its own number when it brings a new one. */
  readonly epoch: number;
  /** Blocks of the source below this number are done: it takes no more from them. */
  readonly floor: number;
  /** Of how many messages the request is, and which of them this is, from 0 on. */
  readonly part: number;
  readonly parts: number;
};

/** A key relay message (Q.4163 §8.1, Table 1). The keys stay in the payload; here is only where they stand. */
export type KeyRelay = {
  readonly source: string;
  readonly destination: string;
  readonly transit: readonly string[] | undefined;
  readonly keys: KeyTable;
  readonly requestId: string | undefined;
  readonly block: RelayedBlock | undefined;
  readonly hop: HopView | undefined;
  /** Whether the extension is an array of objects, or none: where it is not, a keyferry peer's message has no hop entry, and a plain peer's is malformed. */
  readonly extensionSound: boolean;
};

export type KeyRelayFields = {
  readonly source: string;
  readonly destination: string;
  readonly transit: readonly string[];
  readonly requestId: string;
  /** Undefined towards a KMA that does not understand it. */
  readonly block: RelayedBlock | undefined;
};

/** Reads a payload; undefined when it is not a key relay message within our limits. */
export function readKeyRelay(payload: Buffer): KeyRelay | undefined {
  const message = JsonView.of(payload);
  if (!(message instanceof JsonView)) return undefined;
  const relay = readMembers(message);
  message.done();
  return relay;
}

/**
 * What is to be said of a message that `readKeyRelay` does not take, where its JSON is right: key IDs of a length that is none, or else that it
 * is malformed, under its own request ID.
 * @returns undefined when nobody would know what that answers
 */
export function refusalOfUnread(
  payload: Buffer,
): { readonly response: RelayResponse; readonly requestId: string | undefined } | undefined {
  const message = JsonView.of(payload);
  if (!(message instanceof JsonView)) return undefined;
  const member = message.optional('keyrelayrequestid');
  const requestId = member?.text(limits.idCharsMax);
  const ids =
    message
      .member('keys')
      ?.elements()
      ?.map((key) => key.member('keyid')) ?? [];
  const odd = ids.some((id) => id?.token.kind === 'string' && !id.text(limits.idCharsMax));
  message.done();
  if (member !== undefined && !requestId) return undefined;
  return { response: odd ? 'unsupported_key' : 'malformed', requestId };
}

function readMembers(message: JsonView): KeyRelay | undefined {
  const source = message.member('sourcekmaid')?.text(limits.idCharsMax);
  const destination = message.member('destinationkmaid')?.text(limits.idCharsMax);
  const list = message.member('keys');
  const keys = list && findKeys(list);
  if (!source || !destination || keys === undefined) return undefined;
  const transit = message.optional('transitkmaids');
  const transitIds = transit === undefined ? undefined : readIds(transit);
  if (transit !== undefined && transitIds === undefined) return undefined;
  const requestId = message.optional('keyrelayrequestid');
  const requestText = requestId?.text(limits.idCharsMax);
  if (requestId !== undefined && !requestText) return undefined;
  return {
    source,
    destination,
    transit: transitIds,
    keys,
    requestId: requestText,
    block: readBlock(message),
    hop: findHop(message),
    extensionSound: isListOfObjects(message.optional('extension')),
  };
}

function isListOfObjects(list: JsonView | undefined): boolean {
  if (list === undefined) return true;
  return list.elements()?.every((element) => element.token.kind === 'object') ?? false;
}

// Table 1 has a text that is a "List of IDs", and says "Array" where it means one. We write an array, and read a text as one ID, or none.
function readIds(list: JsonView): string[] | undefined {
  if (list.token.kind === 'string') {
    const only = list.text(limits.idCharsMax);
    return only === undefined ? undefined : only === '' ? [] : [only];
  }
  const elements = list.elements();
  if (elements === undefined || elements.length > limits.transitMax) return undefined;
  const ids = elements.map((element) => element.text(limits.idCharsMax));
  return ids.every((id) => id !== undefined && id !== '') ? (ids as string[]) : undefined;
}

// An entry of another form is none: what it was meant to say nobody knows.
function readBlock(message: JsonView): RelayedBlock | undefined {
  const entries = message.member('extension')?.elements() ?? [];
  const block = entries.map((entry) => entry.member('keyferryblock')).find((found) => found !== undefined);
  const at = (name: string, max: number, omitted?: number) => {
    const value = block?.member(name);
    return value === undefined ? omitted : value.integer(max);
  };
  const number = at('number', limits.blockNumberMax);
  const epoch = at('epoch', limits.blockNumberMax);
  const floor = at('floor', limits.blockNumberMax, 0);
  const parts = at('parts', limits.relayPartsMax, 1);
  const part = at('part', Math.max(0, (parts ?? 1) - 1), 0);
  if (number === undefined || epoch === undefined || floor === undefined) return undefined;
  return !parts || part === undefined ? undefined : { number, epoch, floor, part, parts };
}

/**
 * The payload up to its hop entry, with the keys in the clear for `coverKeys` to cover at once.
 * @param firstId 16 bytes: the ID of the first key; the others follow it
 * @param keys all keys one after the other, `limits.unitBytes` each; only lent
 * @param names how members are spelt
 */
export function writeKeyRelay(
  fields: KeyRelayFields,
  firstId: Uint8Array,
  keys: Buffer,
  names: MemberNames = 'source_KMA_ID',
): Draft {
  const member = (name: string, value: unknown) => `"${spell(name, names)}":${JSON.stringify(value)}`;
  const head =
    `{${member('source_KMA_ID', fields.source)},${member('destination_KMA_ID', fields.destination)},` +
    `${member('transit_KMA_IDs', fields.transit)},"${spell('keys', names)}":[`;
  const block = fields.block === undefined ? '' : `${writeBlock(fields.block)},`;
  const tail = `],${member('key_relay_request_ID', fields.requestId)},"${spell('extension', names)}":[${block}`;
  const form = keyForm(names);
  const count = keys.length / limits.unitBytes;
  const length = head.length + count * (form.bytes + 1) - 1 + tail.length;
  const memory = takeMemory(limits.kxHeaderBytes + length + limits.hopEntryBytesMax);
  const payload = memory.subarray(limits.kxHeaderBytes);
  payload.write(head, 0, 'latin1');
  const table = writeKeys(payload, head.length, form, firstId, keys);
  payload.write(tail, length - tail.length, 'latin1');
  return Draft.in(memory, length, table);
}

function writeBlock({ number, epoch, floor, part, parts }: RelayedBlock): string {
  const which = parts === 1 ? {} : { part, parts };
  return JSON.stringify({ keyferry_block: { number, epoch, floor, ...which } });
}
