/**
 * The codec as the vectors, the property tests and the fuzzer see it: values in, values out. When the codec's own functions change, this
 * file changes and no test does.
 */

import type { PausableLink } from '../../src/env/byte-link.ts';
import { parseUuid } from '../../src/keys/uuid.ts';
import { readCompletion, writeCompletion } from '../../src/kx/codec/completion.ts';
import type { Draft } from '../../src/kx/codec/draft.ts';
import { command } from '../../src/kx/codec/header.ts';
import { readHoldings } from '../../src/kx/codec/holdings.ts';
import { type HopView, sealHop, verifyHop } from '../../src/kx/codec/hop.ts';
import { scanJson, textOf } from '../../src/kx/codec/json-scan.ts';
import { type KeyRelay, readKeyRelay, writeKeyRelay } from '../../src/kx/codec/key-relay.ts';
import { readSupplyAnswer, readSupplyNotice, type SupplyNotice } from '../../src/kx/codec/key-supply.ts';
import { compactKeys, coverKeys, type KeyTable, uncoverKeys } from '../../src/kx/codec/key-table.ts';
import {
  readAnswers,
  readProposals,
  writeAnswers,
  writeProposals,
} from '../../src/kx/codec/private-messages.ts';
import { freeSlots } from '../../src/kx/codec/slots.ts';
import { Connection } from '../../src/kx/peer/connection.ts';
import type { Message } from '../../src/kx/session/session.ts';
import { ManualClock } from '../manual-clock.ts';
import { block } from './fault-vectors/setting.ts';
import { frameWithHop, idsOf, rangesOf } from './framed.ts';
import type { Ends, Verdict } from './naive-receiver.ts';

/** A message as it came, copied. */
export type Received = { readonly command: number; readonly messageId: number; readonly frame: Buffer };

/** The value of a scanned payload, or why it is none. */
export function scanned(payload: Buffer): { value: unknown } | { fault: string } {
  const scan = scanJson(payload);
  if (scan.fault !== undefined) return { fault: scan.fault };
  const { tokens } = scan;
  const build = (i: number): unknown => {
    const token = tokens.at(i);
    if (token.kind === 'string') return textOf(payload, token);
    if (token.kind === 'array') return elements(i);
    if (token.kind === 'object') return members(i);
    return JSON.parse(payload.toString('latin1', token.start, token.end));
  };
  const elements = (i: number): unknown[] => {
    const found: unknown[] = [];
    for (let at = i + 1; at < tokens.after(i); at = tokens.after(at)) found.push(build(at));
    return found;
  };
  const members = (i: number): unknown => {
    const found: [string, unknown][] = [];
    for (let at = i + 1; at < tokens.after(i); at = tokens.after(at + 1))
      found.push([textOf(payload, tokens.at(at)), build(at + 1)]);
    return Object.fromEntries(found);
  };
  return { value: build(0) };
}

/** What a connection with A did: the messages that it delivered, the frames that it sent, and whether it closed. */
export type Talk = {
  readonly messages: readonly Received[];
  readonly sent: readonly Buffer[];
  readonly closed: string | undefined;
};

/** Feeds `chunks` to a real connection at B, as they come from A. @param plain a peer without greeting */
export function talk(chunks: readonly Uint8Array[], plain = false): Talk {
  const messages: Received[] = [];
  const sent: Buffer[] = [];
  let closed: string | undefined;
  const link: PausableLink = {
    write: (bytes, taken) => {
      sent.push(Buffer.from(bytes));
      taken?.();
    },
    queuedBytes: 0,
    pause: () => {},
    resume: () => {},
    close: () => {},
  };
  const events = {
    onUp: () => {},
    onMessage: ({ header, headerBytes, payload }: Message) =>
      void messages.push({
        command: header.command,
        messageId: header.messageId,
        frame: Buffer.concat([headerBytes, payload]),
      }),
    onDown: (reason: string) => {
      closed = reason;
    },
  };
  const self = { kmaId: 'B', unitBits: 256, storeId: 'store of B' };
  const connection = new Connection(new ManualClock(), link, self, 'A', events, plain);
  connection.start();
  for (const chunk of chunks) if (closed === undefined) connection.onData(Buffer.from(chunk));
  const made = { messages, sent, closed };
  connection.close('the test is over');
  return made;
}

const slots = () => freeSlots().reduce((sum, free) => sum + free, 0);
const allSlots = slots();

/** How many pieces of the codec's memory are in use. */
export const heldMemory = (): number => allSlots - slots();

/** What the real readers make of a message that was delivered. */
export function verdictOf({ command: code, frame }: Received, ends: Ends): Verdict {
  const [headerBytes, payload] = [Buffer.from(frame.subarray(0, 10)), Buffer.from(frame.subarray(10))];
  switch (code) {
    case command.keyRelay: {
      const relay = readKeyRelay(payload);
      if (relay === undefined) return { outcome: 'malformed' };
      const pad = padOf(headerBytes, payload, relay.hop, relay.keys.bytes, ends);
      if (pad === undefined) return { outcome: 'not_authentic' };
      return { outcome: 'accepted', seen: { ...seenIn(payload, relay), keys: keysOf(payload, relay, pad) } };
    }
    case command.keyRelayCompletion: {
      const completion = readCompletion(payload);
      if (completion === undefined) return { outcome: 'malformed' };
      if (padOf(headerBytes, payload, completion.hop, 0, ends) === undefined)
        return { outcome: 'not_authentic' };
      const seen = { response: completion.response, request: completion.requestId, keys: [] };
      return { outcome: 'accepted', seen };
    }
    case command.keySupply: {
      const notice = readSupplyNotice(payload);
      if (notice === undefined) return { outcome: 'malformed' };
      return protectedSeen(headerBytes, payload, notice.hop, ends, () => noticeSeen(notice));
    }
    case command.keySupplyResponse: {
      const answer = readSupplyAnswer(payload);
      if (answer === undefined) return { outcome: 'malformed' };
      const { sessionId: session, response, keyIds: ids } = answer;
      return protectedSeen(headerBytes, payload, answer.hop, ends, () => ({ session, response, ids }));
    }
    case command.syncProposal:
      return rowsSeen(
        readProposals(payload)?.map((row) => [row.number, row.bytes, row.epoch, row.tag.toString('hex')]),
      );
    case command.syncAnswer:
      return rowsSeen(
        readAnswers(payload)?.map((row) => [row.number, row.verdict, row.tag?.toString('hex') ?? 'none']),
      );
    case command.holdings: {
      const holdings = readHoldings(payload);
      return holdings === undefined
        ? { outcome: 'malformed' }
        : { outcome: 'accepted', seen: { ...holdings } };
    }
    default:
      return { outcome: 'passed_over' };
  }
}

function protectedSeen(
  headerBytes: Buffer,
  payload: Buffer,
  hop: HopView | undefined,
  ends: Ends,
  seen: () => Record<string, unknown>,
): Verdict {
  if (padOf(headerBytes, payload, hop, 0, ends) === undefined) return { outcome: 'not_authentic' };
  return { outcome: 'accepted', seen: { ...seen(), keys: [] } };
}

function noticeSeen({ sessionId, number, sizeBits, announced }: SupplyNotice): Record<string, unknown> {
  const texts = announced && [announced.source, announced.destination, announced.master, announced.slave];
  const shown = announced && { texts, ids: announced.keyIds, transit: announced.transit };
  return { session: sessionId, number, size: sizeBits, announced: shown };
}

function rowsSeen(rows: unknown[][] | undefined): Verdict {
  return rows === undefined ? { outcome: 'malformed' } : { outcome: 'accepted', seen: { rows } };
}

function seenIn(payload: Buffer, relay: KeyRelay) {
  const { source, destination, transit, requestId, block } = relay;
  const shown = block && { number: block.number, epoch: block.epoch, floor: block.floor };
  return { source, destination, transit, ids: idsOf(payload, relay), request: requestId, block: shown };
}

// As HopGuard does, whose store is not asked here: the vectors' units are never used up.
function padOf(
  headerBytes: Buffer,
  payload: Buffer,
  hop: HopView | undefined,
  keyBytes: number,
  { sender, receiver, units }: Ends,
): Buffer | undefined {
  const all = hop?.segments.reduce((sum, segment) => sum + segment.units, 0);
  if (hop === undefined || all !== 1 + Math.ceil(keyBytes / 32)) return undefined;
  const pad = units(hop.segments.map((segment) => [segment.number, segment.index, segment.units]));
  if (pad === undefined) return undefined;
  const authentic = verifyHop(headerBytes, payload, hop, sender, receiver, pad.subarray(0, 32));
  return authentic ? pad.subarray(32) : undefined;
}

function keysOf(payload: Buffer, relay: KeyRelay, pad: Buffer): string[] {
  const compact = compacted(payload, relay.keys);
  const all = Buffer.alloc(relay.keys.bytes);
  const ranges = rangesOf(compact);
  uncoverKeys(compact.payload, compact.keys, pad, all);
  let at = 0;
  return ranges.map(({ bytes }) => {
    at += bytes;
    return all.toString('hex', at - bytes, at);
  });
}

// As a node does it with a message that is authentic.
function compacted(payload: Buffer, keys: KeyTable): { payload: Buffer; keys: KeyTable } {
  return keys.escaped ? compactKeys(payload, keys) : { payload, keys };
}

/**
 * One step at a transit node: the pad that `units` names off the keys, `after` on (its first unit is the one-time key), a new header and a
 * new hop entry.
 * @returns the frame as B sends it to C, and where in its payload the hop entry begins; undefined when it would be too long
 */
export function transitStep(
  frame: Buffer,
  units: Ends['units'],
  after: Buffer,
): { frame: Buffer; hopStart: number } | undefined {
  const payload = Buffer.from(frame.subarray(10));
  const { hop, keys } = readKeyRelay(payload)!;
  const before = units(hop!.segments.map((segment) => [segment.number, segment.index, segment.units]))!;
  const compact = compacted(payload, keys);
  const hopStart = hop!.start - (payload.length - compact.payload.length);
  coverKeys(compact.payload, compact.keys, after.subarray(32), before.subarray(32));
  const count = 1 + Math.ceil(keys.bytes / 32);
  const prefix = compact.payload.subarray(0, hopStart);
  const made = frameWithHop(command.keyRelay, prefix, [{ number: 8, index: 2, units: count }]);
  if (made === undefined) return undefined;
  made.writeUInt32BE(9, 2);
  sealHop(made, 'B', 'C', after.subarray(0, 32));
  return { frame: made, hopStart };
}

/** Every spelling of member names that the codec can write. */
export const SPELLINGS = ['source_KMA_ID', 'Source KMA ID', 'sourceKmaId', 'source_kma_id'] as const;
type Spelling = (typeof SPELLINGS)[number];

type RelayFields = {
  readonly source: string;
  readonly destination: string;
  readonly transit: readonly string[];
  readonly request: string;
  readonly block: { readonly number: number; readonly epoch: number; readonly floor: number };
};

const segments = (units: number) => [{ number: 4, index: 30, units }];

// With message ID 1, under the pad of the vectors.
function sealedFrame(code: number, prefix: Draft, units: number): Buffer {
  const made = frameWithHop(code, prefix, segments(units))!;
  made.writeUInt32BE(1, 2);
  sealHop(made, 'A', 'B', block.subarray(30 * 32, 31 * 32));
  return made;
}

/** The codec's writers; keys are written as they are given, as if they were covered already. */
export const encoded = {
  relay: (fields: RelayFields, firstId: string, keys: readonly Uint8Array[], names: Spelling): Buffer => {
    const { source, destination, transit, request, block: where } = fields;
    const whole = { ...where, part: 0, parts: 1 };
    const all = { source, destination, transit, requestId: request, block: whole };
    const draft = writeKeyRelay(all, parseUuid(firstId)!, Buffer.concat(keys), names);
    return sealedFrame(command.keyRelay, draft, 1 + keys.length);
  },
  completion: (response: string, request: string, names: Spelling): Buffer =>
    sealedFrame(command.keyRelayCompletion, writeCompletion(response, request, names), 1),
  proposals: (rows: readonly (readonly [number, number, number, Uint8Array])[], floor: number): Buffer =>
    writeProposals(
      rows.map(([number, bytes, epoch, tag]) => ({ number, bytes, epoch, tag: Buffer.from(tag) })),
      floor,
    ),
  answers: (rows: readonly (readonly [number, Uint8Array])[]): Buffer =>
    writeAnswers(rows.map(([number, tag]) => ({ number, verdict: 'ready', tag: Buffer.from(tag) }))),
};

/** The base64 of keys in a message after `pad`, and `other` in the same step, were laid on them in place. */
export function padded(keys: readonly Buffer[], pad: Uint8Array, other?: Uint8Array): string[] {
  const files = keys.map((key, i) => ({ key_ID: `${i}`, key: key.toString('base64') }));
  const members = { source_KMA_ID: 'A', destination_KMA_ID: 'C', keys: files };
  const payload = Buffer.from(JSON.stringify(members));
  coverKeys(payload, readKeyRelay(payload)!.keys, pad, other);
  const after = JSON.parse(payload.toString()) as { keys: { key: string }[] };
  return after.keys.map(({ key }) => key);
}
