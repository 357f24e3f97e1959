import { foreignKeyId } from '../../keys/foreign-key-id.ts';
import { limits } from '../../limits.ts';
import { Draft } from './draft.ts';
import { findHop, type HopView } from './hop.ts';
import { JsonView } from './json-view.ts';
import { type MemberNames, spell } from './member-names.ts';

/** What a response's `response` says. Every word but `success` is a reason of failure. */
export const supplyResponses = [
  'success',
  'no_such_session',
  'application_not_connected',
  'unknown_key',
  'not_enough_key',
  'out_of_limits',
  'refused_by_policy',
  'no_route',
  'peer_unreachable',
  'no_pad',
  'authentication_failed',
  'malformed',
  'store_unavailable',
  'overloaded',
  'internal',
  'timeout',
] as const;
export type SupplyResponse = (typeof supplyResponses)[number];

/** Keys that the source KM has taken already, and whom they are for (the entry `keyferry_supply`: ours, not the Recommendation's). */
export type AnnouncedKeys = {
  /** KMA IDs of the two nodes. */
  readonly source: string;
  readonly destination: string;
  /** The KMAs between the two, as in a key relay; undefined leaves the way to the routes of each. */
  readonly transit: readonly string[] | undefined;
  /** SAE IDs of the source application, which asked for the keys, and of the destination application. */
  readonly master: string;
  readonly slave: string;
  /** One to `limits.supplyKeysPerRequestMax`, no two alike. */
  readonly keyIds: readonly string[];
};

/** A key supply notification (Q.4163 §8.3, Table 3). What is undefined was omitted: defaults are the receiver's. */
export type SupplyNotice = {
  readonly sessionId: string;
  readonly number: number | undefined;
  /** Of each key, in bits. */
  readonly sizeBits: number | undefined;
  readonly announced: AnnouncedKeys | undefined;
};

/** A response to a key supply notification (Q.4163 §8.4, Table 4). */
export type SupplyAnswer = {
  readonly sessionId: string;
  /** IDs of the KSA-keys that the destination application has received; none with a failure. */
  readonly keyIds: readonly string[];
  readonly response: string;
};

/** What came of a notification. */
export type SupplyOutcome = Omit<SupplyAnswer, 'sessionId'>;

export type WithHop = { readonly hop: HopView | undefined };

// Four bytes: what is larger than any node supplies is for the receiver to refuse, what is no count is malformed.
const COUNT_MAX = 0xffff_ffff;

/** Reads a payload; undefined when it is no key supply notification within our limits. */
export function readSupplyNotice(payload: Buffer): (SupplyNotice & WithHop) | undefined {
  const message = JsonView.of(payload);
  if (!(message instanceof JsonView)) return undefined;
  const sessionId = message.member('sessionid')?.text(limits.idCharsMax);
  const [numberView, sizeView] = [message.optional('numberofkeys'), message.optional('sizeofkey')];
  const number = numberView?.integer(COUNT_MAX);
  const sizeBits = sizeView?.integer(COUNT_MAX);
  const entry = findEntry(message);
  const announced = entry && readAnnounced(entry);
  if (!sessionId || (numberView && number === undefined) || (sizeView && sizeBits === undefined))
    return undefined;
  if (entry !== undefined && announced === undefined) return undefined;
  return { sessionId, number, sizeBits, announced, hop: findHop(message) };
}

function findEntry(message: JsonView): JsonView | undefined {
  for (const entry of message.member('extension')?.elements() ?? []) {
    const found = entry.member('keyferrysupply');
    if (found !== undefined) return found;
  }
  return undefined;
}

function readAnnounced(entry: JsonView): AnnouncedKeys | undefined {
  const text = (name: string) => entry.member(name)?.text(limits.idCharsMax);
  const [source, destination] = [text('sourcekmaid'), text('destinationkmaid')];
  const [master, slave] = [text('mastersaeid'), text('slavesaeid')];
  const keyIds = plainIds(readIds(entry.member('keyids'), limits.supplyKeysPerRequestMax));
  const way = entry.member('transitkmaids');
  const transit = readIds(way, limits.transitMax);
  if (!source || !destination || !master || !slave || keyIds === undefined || keyIds.length === 0)
    return undefined;
  if (way !== undefined && transit === undefined) return undefined;
  return { source, destination, transit, master, slave, keyIds };
}

function readIds(list: JsonView | undefined, max: number): string[] | undefined {
  const elements = list?.elements();
  if (elements === undefined || elements.length > max) return undefined;
  const ids = elements.map((element) => element.text(limits.idCharsMax));
  return ids.every((id) => id !== undefined && id !== '') ? (ids as string[]) : undefined;
}

/** Reads a payload; undefined when it is no response to a key supply notification within our limits. */
export function readSupplyAnswer(payload: Buffer): (SupplyAnswer & WithHop) | undefined {
  const message = JsonView.of(payload);
  if (!(message instanceof JsonView)) return undefined;
  const sessionId = message.member('sessionid')?.text(limits.idCharsMax);
  const response = message.member('response')?.text(limits.responseCharsMax);
  const keyIds = readKeyIds(message.member('keyid'));
  if (!sessionId || !response || keyIds === undefined) return undefined;
  return { sessionId, keyIds, response, hop: findHop(message) };
}

// Table 4 has one text; several are an array. Whoever has supplied none may leave it out or empty.
function readKeyIds(view: JsonView | undefined): readonly string[] | undefined {
  if (view === undefined || view.token.kind === 'null') return [];
  if (view.token.kind === 'array') return plainIds(readIds(view, limits.supplyKeysPerRequestMax));
  const one = view.text(limits.idCharsMax);
  return one === undefined ? undefined : one === '' ? [] : plainIds([one]);
}

// Key IDs in the form in which they are compared and given to applications; undefined when one is none, or two are alike.
function plainIds(texts: readonly string[] | undefined): string[] | undefined {
  const ids = texts?.map(foreignKeyId);
  if (ids === undefined || !ids.every((id) => id !== undefined)) return undefined;
  return new Set(ids).size === ids.length ? ids : undefined;
}

/** The payload up to its hop entry. */
export function writeSupplyNotice(notice: SupplyNotice, names: MemberNames = 'source_KMA_ID'): Draft {
  const { sessionId, number, sizeBits, announced } = notice;
  const members = [
    member('session_ID', sessionId, names),
    ...(number === undefined ? [] : [member('number_of_keys', number, names)]),
    ...(sizeBits === undefined ? [] : [member('size_of_key', sizeBits, names)]),
  ];
  const entry = announced === undefined ? '' : `${writeAnnounced(announced)},`;
  return draftOf(`{${members.join(',')},"${spell('extension', names)}":[${entry}`);
}

function writeAnnounced({ source, destination, transit, master, slave, keyIds }: AnnouncedKeys): string {
  return JSON.stringify({
    keyferry_supply: {
      source_KMA_ID: source,
      destination_KMA_ID: destination,
      transit_KMA_IDs: transit,
      master_SAE_ID: master,
      slave_SAE_ID: slave,
      key_IDs: keyIds,
    },
  });
}

/** The payload up to its hop entry. One key ID is a text, as Table 4 has it; several are an array; none is the empty text. */
export function writeSupplyAnswer(answer: SupplyAnswer, names: MemberNames = 'source_KMA_ID'): Draft {
  const { sessionId, keyIds, response } = answer;
  const members = [
    member('session_ID', sessionId, names),
    member('key_ID', keyIds.length > 1 ? keyIds : (keyIds[0] ?? ''), names),
    member('response', response, names),
  ];
  return draftOf(`{${members.join(',')},"${spell('extension', names)}":[`);
}

function member(name: string, value: unknown, names: MemberNames): string {
  return `"${spell(name, names)}":${JSON.stringify(value)}`;
}

function draftOf(text: string): Draft {
  return Draft.of(Buffer.from(text, 'utf8'));
}
