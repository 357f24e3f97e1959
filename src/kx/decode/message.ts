import { isUtf8 } from 'node:buffer';
import { readCompletion } from '../codec/completion.ts';
import { command, type KxHeader } from '../codec/header.ts';
import { readHoldings } from '../codec/holdings.ts';
import { findHop, type PadSegment } from '../codec/hop.ts';
import { scanJson } from '../codec/json-scan.ts';
import { foldedName, JsonView } from '../codec/json-view.ts';
import { readKeyRelay } from '../codec/key-relay.ts';
import { readSupplyAnswer, readSupplyNotice } from '../codec/key-supply.ts';
import { readAnswers, readHello, readProposals } from '../codec/private-messages.ts';
import { culpritOf } from './culprit.ts';
import { type MessageKind, messageKinds, type Parameter } from './parameters.ts';
import { type Shown, shownOf } from './shown.ts';

/** `offset` counts from the beginning of the stream. */
export type Fault = { readonly offset: number; readonly clause: string; readonly text: string };

export type Message = {
  readonly offset: number;
  readonly header: KxHeader;
  /** Undefined for a command code that is in no table. */
  readonly name: string | undefined;
  /** Undefined when the payload is no JSON object that we read. */
  readonly payload: Shown | undefined;
  /** Pad that protects the message on this hop; undefined when it says nothing of one. */
  readonly pad: readonly PadSegment[] | undefined;
  readonly faults: readonly Fault[];
};

const JSON_FAULTS = {
  'not-utf8': 'the payload is not UTF-8',
  syntax: 'the payload is not JSON from here on',
  'too-deep': 'the payload nests too deeply',
  'too-many-values': 'the payload has too many values or members',
  'duplicate-member': 'an object has the same member name twice',
  'not-an-object': 'the payload is no JSON object',
} as const;

/** @param offset of the header in the stream. @param payload only lent; nothing of its keys is in the answer */
export function describeMessage(offset: number, header: KxHeader, payload: Buffer): Message {
  const kind = messageKinds.get(header.command);
  const at = offset + 10;
  const faults: Fault[] = [];
  if (kind === undefined)
    faults.push({ offset: offset + 6, clause: 'Q.4163 App. I, Table I.1', text: 'no such command code' });
  const scan = scanJson(payload);
  const view = JsonView.of(payload);
  const head = { offset, header, name: kind?.name };
  if (scan.fault !== undefined || !(view instanceof JsonView)) {
    if (scan.fault !== undefined)
      faults.push({
        offset: at + (scan.fault === 'not-utf8' ? firstNoUtf8(payload) : scan.at),
        clause: 'Q.4163 App. I; RFC 8259',
        text: JSON_FAULTS[scan.fault],
      });
    return { ...head, payload: undefined, pad: undefined, faults };
  }
  if (kind !== undefined) checkParameters(view, kind.parameters, kind.clause, '', at, faults);
  const hop = findHop(view);
  if (hop === undefined) faults.push(...strayHop(view, at));
  if (faults.length === 0 && !read(header.command, payload))
    faults.push(unreadable(header.command, kind, view, at));
  return { ...head, payload: shownOf(payload, scan.tokens), pad: hop?.segments, faults };
}

function firstNoUtf8(bytes: Buffer): number {
  for (let at = 0; at < bytes.length; ) {
    const first = bytes[at]!;
    const length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (!isUtf8(bytes.subarray(at, at + length))) return at;
    at += length;
  }
  return 0;
}

function checkParameters(
  object: JsonView,
  parameters: readonly Parameter[],
  clause: string,
  path: string,
  at: number,
  faults: Fault[],
): void {
  for (const { name, kinds, mandatory, of } of parameters) {
    const value = object.member(foldedName(name));
    const where = `${path}${name}`;
    if (value === undefined) {
      const text = `${where} is missing, and mandatory`;
      if (mandatory) faults.push({ offset: at + object.token.start, clause, text });
      continue;
    }
    const { kind, start } = value.token;
    if (kind === 'null' && !mandatory) continue;
    if (!kinds.some((wanted) => wanted === kind)) {
      faults.push({
        offset: at + start,
        clause,
        text: `${where} is a JSON ${kind}, not ${kinds.join(' or ')}`,
      });
      continue;
    }
    if (of === undefined) continue;
    for (const [i, element] of (value.elements() ?? []).entries()) {
      if (element.token.kind === 'object')
        checkParameters(element, of, clause, `${where}[${i}].`, at, faults);
      else faults.push({ offset: at + element.token.start, clause, text: `${where}[${i}] is no object` });
    }
  }
}

function strayHop(message: JsonView, at: number): Fault[] {
  const entries = message.member('extension')?.elements() ?? [];
  const stray = entries.find((entry) => entry.member('keyferryhop') !== undefined);
  if (stray === undefined) return [];
  const text = 'keyferry_hop is malformed, or not the last thing in the payload';
  return [{ offset: at + stray.token.start, clause: 'docs/kx.md, The entry keyferry_hop', text }];
}

// Whether the agent's own reader takes it. What it says no to and the tables do not is a limit, or the form of a value.
function read(code: number, payload: Buffer): boolean {
  switch (code) {
    case command.keyRelay:
      return readKeyRelay(payload) !== undefined;
    case command.keyRelayCompletion:
      return readCompletion(payload) !== undefined;
    case command.keySupply:
      return readSupplyNotice(payload) !== undefined;
    case command.keySupplyResponse:
      return readSupplyAnswer(payload) !== undefined;
    case command.hello:
      return readHello(payload) !== undefined;
    case command.syncProposal:
      return readProposals(payload) !== undefined;
    case command.syncAnswer:
      return readAnswers(payload) !== undefined;
    case command.holdings:
      return readHoldings(payload) !== undefined;
    default:
      return true;
  }
}

function unreadable(code: number, kind: MessageKind | undefined, view: JsonView, at: number): Fault {
  const found = kind && culpritOf(kind, view, (payload) => read(code, payload));
  const clause = kind?.clause ?? 'docs/kx.md, JSON';
  if (found === undefined) {
    const text = `keyferry takes this ${kind?.name} for malformed: what it says does not go together`;
    return { offset: at, clause, text };
  }
  const { where, elements } = found;
  const why =
    elements === undefined
      ? 'empty, too long, out of range or of another form'
      : `too long with ${elements} elements`;
  return {
    offset: at + found.at,
    clause,
    text: `keyferry takes this ${kind?.name} for malformed: ${where} is ${why}`,
  };
}
