/** What one frame can say, in our own types; `decode.ts` and `encode.ts` translate from and to protobuf. */
import type { SecretBytes } from '../src/secret/secret-bytes.ts';

/** The versions of the messages and of the exchange that this agent speaks. */
export const PROTOCOL_MIN = 1;
export const PROTOCOL_MAX = 1;

export type Hello = {
  readonly type: 'hello';
  /** The opening that this answers, 0 when the module has none. */
  readonly opening: number;
  readonly protocolMin: number;
  readonly protocolMax: number;
  readonly moduleId: string;
  readonly linkId: string;
  readonly role: 'tx' | 'rx';
  readonly firmwareVersion: string;
  /** Bytes. */
  readonly maxBlockBytes: number;
  /** Bytes; `limits.bridgePartBytesMax` when not given. */
  readonly maxPartBytes?: number;
};

export type AgentHello = {
  readonly type: 'agent_hello';
  readonly opening: number;
  readonly protocolMin: number;
  readonly protocolMax: number;
  readonly maxBlockBytes: number;
  readonly maxPartBytes?: number;
};

/** `parts`: how many `key_block` messages the module may have sent in this opening, in all. */
export type Credit = { readonly type: 'credit'; readonly parts: number };

/** A block, or a part of one. */
export type KeyBlock = {
  readonly type: 'key_block';
  readonly number: number;
  /** Belongs to whoever holds the message. */
  readonly bytes: SecretBytes;
  /** When `bytes` is a part: where it begins in the block, and the length of the whole block. */
  readonly part?: { readonly offset: number; readonly total: number };
  /** Fraction. */
  readonly qber?: number;
};

export type Refused = { readonly number: number; readonly reason: string };

export type Acknowledge = {
  readonly type: 'acknowledge';
  readonly stored: readonly number[];
  readonly refused?: Refused;
};

export const LINK_STATUSES = ['active', 'passive', 'pending', 'off'] as const;
export type LinkStatus = (typeof LINK_STATUSES)[number];

export type TelemetryMessage = {
  readonly type: 'telemetry';
  /** Fraction. */
  readonly qber?: number;
  /** bit/s */
  readonly skr?: number;
  /** bit/s */
  readonly eskr?: number;
  /** Fraction. */
  readonly visibility?: number;
  readonly status?: LinkStatus;
  /** °C */
  readonly temperatures?: readonly number[];
  /** Counts a second. */
  readonly detectorCounts?: readonly number[];
};

export type Alarm = {
  readonly type: 'alarm';
  readonly code: string;
  readonly text: string;
  readonly active: boolean;
  /** Key of this time may not be secret. */
  readonly suspect?: boolean;
};

export type Zeroize = { readonly type: 'zeroize'; readonly token: number };
export type Zeroized = { readonly type: 'zeroized'; readonly token: number; readonly blocks: number };

export const ACTIONS = ['start', 'stop', 'self_test', 'identify'] as const;
export type Action = (typeof ACTIONS)[number];
export const OUTCOMES = ['done', 'failed', 'not_supported'] as const;
export type Outcome = (typeof OUTCOMES)[number];

export type Command = { readonly type: 'command'; readonly token: number; readonly action: Action };

export type CommandResult = {
  readonly type: 'command_result';
  readonly token: number;
  readonly outcome: Outcome;
  readonly text: string;
};

export type Ping = { readonly type: 'ping'; readonly token: number };

export type Pong = {
  readonly type: 'pong';
  readonly token: number;
  readonly partsSent: number;
  readonly blocksAnswered: number;
  readonly credit: number;
};

export type ModuleMessage = Hello | KeyBlock | TelemetryMessage | Alarm | Zeroized | Pong | CommandResult;
export type AgentMessage = AgentHello | Credit | Acknowledge | Zeroize | Ping | Command;
export type BridgeMessage = ModuleMessage | AgentMessage;

const NAME = /^[\x21-\x7e]+$/;
const PRINTABLE = /^[\x20-\x7e]*$/;
const CONTROL = /\p{Cc}/u;

/** Whether `text` can name a module, a link or an alarm. */
export function isName(text: string, bytesMax: number): boolean {
  return text.length <= bytesMax && NAME.test(text);
}

/** Whether `text` is printable ASCII, or empty. */
export function isPrintable(text: string, bytesMax: number): boolean {
  return text.length <= bytesMax && PRINTABLE.test(text);
}

/** Whether `text` is one line of UTF-8 that fits. */
export function isLine(text: string, bytesMax: number): boolean {
  return Buffer.byteLength(text) <= bytesMax && !CONTROL.test(text);
}
