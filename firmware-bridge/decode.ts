import protobuf from 'protobufjs/minimal.js';
import { messageOf } from '../src/errors.ts';
import { limits } from '../src/limits.ts';
import { SecretBytes } from '../src/secret/secret-bytes.ts';
import { keyferry } from './generated/bridge.js';
import {
  ACTIONS,
  type AgentMessage,
  type Alarm,
  type BridgeMessage,
  type Hello,
  isLine,
  isName,
  isPrintable,
  type KeyBlock,
  LINK_STATUSES,
  type ModuleMessage,
  OUTCOMES,
  type TelemetryMessage,
} from './message.ts';

const v1 = keyferry.bridge.v1;
type Fields = keyferry.bridge.v1.Envelope;

export type Malformed = { readonly kind: 'malformed'; readonly reason: string };

/** `unknown`: well-formed, but of a later version: to be ignored. */
export type Decoded<M> =
  | { readonly kind: 'message'; readonly message: M }
  | { readonly kind: 'unknown' }
  | Malformed;

/**
 * One envelope from a module. Every number and length is checked; nothing is thrown. Key is copied out into
 * `SecretBytes`, so that the caller may (and does) wipe `bytes` afterwards.
 */
export function decodeModuleMessage(bytes: Uint8Array): Decoded<ModuleMessage> {
  return decode(bytes, moduleMessage);
}

/** One envelope from an agent, as a module reads it; as `decodeModuleMessage`. */
export function decodeAgentMessage(bytes: Uint8Array): Decoded<AgentMessage> {
  return decode(bytes, agentMessage);
}

class Bad extends Error {}

function decode<M extends BridgeMessage>(bytes: Uint8Array, read: (e: Fields) => M | undefined): Decoded<M> {
  try {
    const reader = protobuf.Reader.create(bytes);
    const envelope = v1.Envelope.decode(reader, bytes.length);
    if (envelope.message === undefined) return { kind: 'unknown' };
    const message = read(envelope);
    return message === undefined
      ? { kind: 'malformed', reason: `${envelope.message} goes the other way` }
      : { kind: 'message', message };
  } catch (thrown) {
    // Whatever the protobuf reader throws is about these bytes.
    return {
      kind: 'malformed',
      reason: thrown instanceof Bad ? thrown.message : `protobuf: ${messageOf(thrown)}`,
    };
  }
}

function moduleMessage(e: Fields): ModuleMessage | undefined {
  if (e.hello) return hello(whole<keyferry.bridge.v1.Hello>(e.hello));
  if (e.key_block) return keyBlock(whole<keyferry.bridge.v1.KeyBlock>(e.key_block));
  if (e.telemetry) return telemetry(whole<keyferry.bridge.v1.Telemetry>(e.telemetry));
  if (e.alarm) return alarm(whole<keyferry.bridge.v1.Alarm>(e.alarm));
  if (e.zeroized) {
    const { token, blocks } = whole<keyferry.bridge.v1.Zeroized>(e.zeroized);
    return { type: 'zeroized', token, blocks: count(blocks, MAX, 'zeroized: blocks') };
  }
  if (e.command_result) {
    const { token, outcome, text } = whole<keyferry.bridge.v1.CommandResult>(e.command_result);
    check(isLine(text, limits.bridgeTextBytesMax), 'command_result: text');
    // An outcome of a later version is one that we can't call done.
    return { type: 'command_result', token, outcome: OUTCOMES[outcome - 1] ?? 'failed', text };
  }
  if (e.pong) {
    const pong = whole<keyferry.bridge.v1.Pong>(e.pong);
    return {
      type: 'pong',
      token: pong.token,
      partsSent: count(pong.parts_sent, MAX, 'pong: parts_sent'),
      blocksAnswered: count(pong.blocks_answered, MAX, 'pong: blocks_answered'),
      credit: count(pong.credit, MAX, 'pong: credit'),
    };
  }
  return undefined;
}

function agentMessage(e: Fields): AgentMessage | undefined {
  if (e.agent_hello) return agentHello(whole<keyferry.bridge.v1.AgentHello>(e.agent_hello));
  if (e.credit) {
    return {
      type: 'credit',
      parts: count(whole<keyferry.bridge.v1.Credit>(e.credit).parts, MAX, 'credit: parts'),
    };
  }
  if (e.acknowledge) return acknowledge(whole<keyferry.bridge.v1.Acknowledge>(e.acknowledge));
  if (e.zeroize) return { type: 'zeroize', token: whole<keyferry.bridge.v1.Zeroize>(e.zeroize).token };
  if (e.command) {
    const { token, action } = whole<keyferry.bridge.v1.Command>(e.command);
    const known = ACTIONS[action - 1];
    check(known !== undefined, 'command: action');
    return { type: 'command', token, action: known };
  }
  if (e.ping) return { type: 'ping', token: whole<keyferry.bridge.v1.Ping>(e.ping).token };
  return undefined;
}

function agentHello(h: keyferry.bridge.v1.AgentHello): AgentMessage {
  check(h.opening > 0, 'agent_hello: opening');
  check(h.protocol_min >= 1 && h.protocol_min <= h.protocol_max, 'agent_hello: protocol versions');
  return {
    type: 'agent_hello',
    opening: h.opening,
    protocolMin: h.protocol_min,
    protocolMax: h.protocol_max,
    maxBlockBytes: h.max_block_bytes,
    ...partSize(h.max_part_bytes, 'agent_hello'),
  };
}

/** 0 stands for the greatest. */
function partSize(bytes: number, what: string): { maxPartBytes?: number } {
  if (bytes === 0) return {};
  const fits = bytes >= limits.bridgePartBytesMin && bytes <= limits.bridgePartBytesMax;
  check(fits, `${what}: max_part_bytes`);
  return { maxPartBytes: bytes };
}

function keyBlock({ number, bytes, offset, total, qber }: keyferry.bridge.v1.KeyBlock): KeyBlock {
  check(bytes.length >= 1 && bytes.length <= limits.bridgePartBytesMax, 'key_block: length of bytes');
  check(total <= limits.bridgeBlockBytesMax, 'key_block: total');
  check(total === 0 ? offset === 0 : offset + bytes.length <= total, 'key_block: offset');
  return {
    type: 'key_block',
    number: count(number, limits.blockNumberMax, 'key_block: number'),
    bytes: SecretBytes.copyOf(bytes),
    ...(total > 0 && { part: { offset, total } }),
    // One out of range is as bad as can be: the telemetry's must not stand in for it.
    ...(typeof qber === 'number' && { qber: within(qber, 0.5) ? qber : 0.5 }),
  };
}

function acknowledge(a: keyferry.bridge.v1.Acknowledge): AgentMessage {
  check(a.stored.length <= limits.bridgeAnswersMax, 'acknowledge: stored');
  const stored = a.stored.map((number) => count(number, limits.blockNumberMax, 'acknowledge: stored'));
  if (!a.refused) return { type: 'acknowledge', stored };
  const { number, reason } = whole<keyferry.bridge.v1.Refused>(a.refused);
  check(isLine(reason, limits.bridgeTextBytesMax), 'acknowledge: reason');
  const refused = { number: count(number, limits.blockNumberMax, 'acknowledge: refused'), reason };
  return { type: 'acknowledge', stored, refused };
}

function hello(h: keyferry.bridge.v1.Hello): Hello {
  check(h.protocol_min >= 1 && h.protocol_min <= h.protocol_max, 'hello: protocol versions');
  check(isName(h.module_id, limits.bridgeIdBytesMax), 'hello: module_id');
  check(isName(h.link_id, limits.bridgeIdBytesMax), 'hello: link_id');
  check(h.role === v1.Role.ROLE_TX || h.role === v1.Role.ROLE_RX, 'hello: role');
  check(isPrintable(h.firmware_version, limits.bridgeIdBytesMax), 'hello: firmware_version');
  return {
    type: 'hello',
    opening: h.opening,
    protocolMin: h.protocol_min,
    protocolMax: h.protocol_max,
    moduleId: h.module_id,
    linkId: h.link_id,
    role: h.role === v1.Role.ROLE_TX ? 'tx' : 'rx',
    firmwareVersion: h.firmware_version,
    maxBlockBytes: h.max_block_bytes,
    ...partSize(h.max_part_bytes, 'hello'),
  };
}

/** A measurement out of range counts as left out: it is no reason to stop taking key. */
function telemetry(t: keyferry.bridge.v1.Telemetry): TelemetryMessage {
  const { qber, skr, eskr, visibility, temperatures, detector_counts: counts } = t;
  const status = LINK_STATUSES[t.status - 1];
  return {
    type: 'telemetry',
    ...(within(qber, 0.5) && { qber }),
    ...(within(skr, Number.MAX_VALUE) && { skr }),
    ...(within(eskr, Number.MAX_VALUE) && { eskr }),
    ...(within(visibility, 1) && { visibility }),
    ...(status !== undefined && { status }),
    ...(readings(temperatures, -274) && { temperatures }),
    ...(readings(counts, 0) && { detectorCounts: counts }),
  };
}

function within(value: number | null | undefined, max: number): value is number {
  return typeof value === 'number' && value >= 0 && value <= max;
}

function readings(values: readonly number[], min: number): boolean {
  const fits = values.length >= 1 && values.length <= limits.bridgeReadingsMax;
  return fits && values.every((value) => value >= min && Number.isFinite(value));
}

function alarm(a: keyferry.bridge.v1.Alarm): Alarm {
  check(isName(a.code, limits.bridgeIdBytesMax), 'alarm: code');
  check(isLine(a.text, limits.bridgeTextBytesMax), 'alarm: text');
  return { type: 'alarm', code: a.code, text: a.text, active: a.active, ...(a.suspect && { suspect: true }) };
}

/** Decoded messages have all fields, absent ones with their defaults; the generated types only promise that for the outermost. */
function whole<M extends object>(message: object): M {
  return message as M;
}

const MAX = Number.MAX_SAFE_INTEGER;

/** A uint64: the protobuf reader gives a pair of 32-bit halves where its `long` package is installed, else a number. */
function count(value: number | { low: number; high: number }, max: number, what: string): number {
  const number = typeof value === 'number' ? value : (value.high >>> 0) * 2 ** 32 + (value.low >>> 0);
  check(number <= max, what);
  return number;
}

function check(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Bad(`${what} out of bounds`);
}
