/**
 * The codec as the vectors, the property tests and the fuzzer see it: values in, values out. When the codec's own functions change, this
 * file changes and no test does.
 */
import { readBase64 } from '../../src/bytes/base64.ts';
import type { ByteLink } from '../../src/env/byte-link.ts';
import { readCompletion } from '../../src/kx/codec/completion.ts';
import { command } from '../../src/kx/codec/header.ts';
import { frameWithHop, type HopView, sealHop, verifyHop } from '../../src/kx/codec/hop.ts';
import { scanJson, textOf } from '../../src/kx/codec/json-scan.ts';
import { type KeyRelay, readKeyRelay } from '../../src/kx/codec/key-relay.ts';
import { type KeyRange, keyBytes, padKeys } from '../../src/kx/codec/key-text.ts';
import { readAnswers, readProposals } from '../../src/kx/codec/private-messages.ts';
import { Connection } from '../../src/kx/peer/connection.ts';
import type { Message } from '../../src/kx/session/session.ts';
import { ManualClock } from '../manual-clock.ts';
import type { Ends, Verdict } from './naive-receiver.ts';

/** A message as it came, copied. */
export type Received = { readonly command: number; readonly messageId: number; readonly frame: Buffer };

/** The value of a scanned payload, or why it is none. */
export function scanned(payload: Buffer): { value: unknown } | { fault: string } {
  const scan = scanJson(payload);
  if ('fault' in scan) return { fault: scan.fault };
  const { tokens } = scan;
  const build = (i: number): unknown => {
    const token = tokens[i]!;
    if (token.kind === 'string') return textOf(payload, token);
    if (token.kind === 'array') return elements(i);
    if (token.kind === 'object') return members(i);
    return JSON.parse(payload.toString('latin1', token.start, token.end));
  };
  const elements = (i: number): unknown[] => {
    const found: unknown[] = [];
    for (let at = i + 1; at < tokens[i]!.after; at = tokens[at]!.after) found.push(build(at));
    return found;
  };
  const members = (i: number): unknown => {
    const found: [string, unknown][] = [];
    for (let at = i + 1; at < tokens[i]!.after; at = tokens[at + 1]!.after)
      found.push([textOf(payload, tokens[at]!), build(at + 1)]);
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
  const link: ByteLink = {
    write: (bytes, taken) => {
      sent.push(Buffer.from(bytes));
      taken?.();
    },
    queuedBytes: 0,
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
  return { messages, sent, closed };
}

/** What the real readers make of a message that was delivered. */
export function verdictOf({ command: code, frame }: Received, ends: Ends): Verdict {
  const [headerBytes, payload] = [Buffer.from(frame.subarray(0, 10)), Buffer.from(frame.subarray(10))];
  switch (code) {
    case command.keyRelay: {
      const relay = readKeyRelay(payload);
      if (relay === undefined) return { outcome: 'malformed' };
      const pad = padOf(headerBytes, payload, relay.hop, relay.keys, ends);
      if (pad === undefined) return { outcome: 'not_authentic' };
      return { outcome: 'accepted', seen: { ...seenIn(relay), keys: keysOf(payload, relay, pad) } };
    }
    case command.keyRelayCompletion: {
      const completion = readCompletion(payload);
      if (completion === undefined) return { outcome: 'malformed' };
      if (padOf(headerBytes, payload, completion.hop, [], ends) === undefined)
        return { outcome: 'not_authentic' };
      const seen = { response: completion.response, request: completion.requestId, keys: [] };
      return { outcome: 'accepted', seen };
    }
    case command.syncProposal:
      return rowsSeen(
        readProposals(payload)?.map((row) => [row.number, row.bytes, row.epoch, row.tag.toString('hex')]),
      );
    case command.syncAnswer:
      return rowsSeen(
        readAnswers(payload)?.map((row) => [row.number, row.verdict, row.tag?.toString('hex') ?? 'none']),
      );
    default:
      return { outcome: 'passed_over' };
  }
}

function rowsSeen(rows: unknown[][] | undefined): Verdict {
  return rows === undefined ? { outcome: 'malformed' } : { outcome: 'accepted', seen: { rows } };
}

function seenIn({ source, destination, transit, keys, requestId, block }: KeyRelay) {
  const shown = block && { number: block.number, epoch: block.epoch, floor: block.floor };
  return { source, destination, transit, ids: keys.map((key) => key.id), request: requestId, block: shown };
}

// As HopGuard does, whose store is not asked here: the vectors' units are never used up.
function padOf(
  headerBytes: Buffer,
  payload: Buffer,
  hop: HopView | undefined,
  keys: readonly KeyRange[],
  { sender, receiver, units }: Ends,
): Buffer | undefined {
  const all = hop?.segments.reduce((sum, segment) => sum + segment.units, 0);
  if (hop === undefined || all !== 1 + Math.ceil(keyBytes(keys) / 32)) return undefined;
  const pad = units(hop.segments.map((segment) => [segment.number, segment.index, segment.units]));
  if (pad === undefined) return undefined;
  const authentic = verifyHop(headerBytes, payload, hop, sender, receiver, pad.subarray(0, 32));
  return authentic ? pad.subarray(32) : undefined;
}

function keysOf(payload: Buffer, { keys }: KeyRelay, pad: Buffer): string[] {
  padKeys(payload, keys, pad);
  return keys.map(({ start, end, bytes }) => {
    const key = Buffer.alloc(bytes);
    readBase64(payload, start, end, key, 0);
    return key.toString('hex');
  });
}

/**
 * One step at a transit node: pad `before` off the keys, pad `after` on, a new header and a new hop entry.
 * @returns the frame as B sends it to C, and where in the payload that came in the hop entry began
 */
export function transitStep(
  frame: Buffer,
  before: Buffer,
  after: Buffer,
  segments: HopView['segments'],
): { frame: Buffer; hopStart: number } {
  const payload = Buffer.from(frame.subarray(10));
  const relay = readKeyRelay(payload)!;
  const hopStart = relay.hop!.start;
  padKeys(payload, relay.keys, before);
  padKeys(payload, relay.keys, after.subarray(32));
  const made = frameWithHop(command.keyRelay, payload.subarray(0, hopStart), segments)!;
  made.writeUInt32BE(9, 2);
  sealHop(made, 'B', 'C', after.subarray(0, 32));
  return { frame: made, hopStart };
}
