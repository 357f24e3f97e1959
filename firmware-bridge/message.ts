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
};

export type AgentHello = {
  readonly type: 'agent_hello';
  readonly opening: number;
  readonly protocolMin: number;
  readonly protocolMax: number;
  readonly maxBlockBytes: number;
};

/** `blocks`: how many the module may have sent in this opening, in all. */
export type Credit = { readonly type: 'credit'; readonly blocks: number };

/** `bytes` belongs to whoever holds the message. */
export type KeyBlock = { readonly type: 'key_block'; readonly number: number; readonly bytes: SecretBytes };

export type Refused = { readonly number: number; readonly reason: string };

export type Acknowledge = {
  readonly type: 'acknowledge';
  readonly stored: readonly number[];
  readonly refused?: Refused;
};

/** `qber` as a fraction, `skr` in bit/s. */
export type TelemetryMessage = {
  readonly type: 'telemetry';
  readonly qber?: number;
  readonly skr?: number;
};

export type Alarm = {
  readonly type: 'alarm';
  readonly code: string;
  readonly text: string;
  readonly active: boolean;
};

export type Zeroize = { readonly type: 'zeroize'; readonly token: number };
export type Zeroized = { readonly type: 'zeroized'; readonly token: number; readonly blocks: number };
export type Ping = { readonly type: 'ping'; readonly token: number };

export type Pong = {
  readonly type: 'pong';
  readonly token: number;
  readonly blocksSent: number;
  readonly blocksAnswered: number;
  readonly credit: number;
};

export type ModuleMessage = Hello | KeyBlock | TelemetryMessage | Alarm | Zeroized | Pong;
export type AgentMessage = AgentHello | Credit | Acknowledge | Zeroize | Ping;
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
