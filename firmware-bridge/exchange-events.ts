/** What the agent's side of the exchange is told, and what it wants done. */
import type { SecretBytes } from '../src/secret/secret-bytes.ts';
import type { Verdict } from './books.ts';
import type { Order, OrderResult } from './commands.ts';
import type { LineRoom } from './lines.ts';
import type { AgentMessage, Alarm, Hello, ModuleMessage, TelemetryMessage } from './message.ts';

/** Times are monotonic milliseconds. */
export type ExchangeEvent =
  | { readonly type: 'connected'; readonly room: LineRoom; readonly nowMs: number }
  | { readonly type: 'disconnected'; readonly reason: string }
  /** Any bytes came: on a slow line one block may take longer than the silence that is allowed. */
  | { readonly type: 'heard'; readonly nowMs: number }
  | { readonly type: 'message'; readonly message: ModuleMessage; readonly nowMs: number }
  | { readonly type: 'malformed'; readonly reason: string }
  | {
      readonly type: 'answered';
      readonly opening: number;
      readonly number: number;
      readonly verdict: Verdict;
    }
  /** Sends the answers that have gathered. */
  | { readonly type: 'flush' }
  /** Only while no other order is under way, but for a zeroization, which ends that one. */
  | { readonly type: 'order'; readonly order: Order; readonly nowMs: number }
  | { readonly type: 'tick'; readonly nowMs: number };

export type ExchangeEffect =
  | { readonly type: 'send'; readonly message: AgentMessage }
  | { readonly type: 'opened'; readonly hello: Hello }
  /** `bytes` goes to whoever runs the effect; the answer comes back as an `answered` event of this opening. */
  | {
      readonly type: 'deliver';
      readonly opening: number;
      readonly number: number;
      readonly bytes: SecretBytes;
      /** Fraction. */
      readonly qber?: number;
    }
  | { readonly type: 'telemetry'; readonly telemetry: TelemetryMessage }
  | { readonly type: 'alarm'; readonly alarm: Alarm }
  | { readonly type: 'zeroized'; readonly blocks: number }
  /** What became of an order; comes once for each. */
  | { readonly type: 'order_result'; readonly result: OrderResult }
  /** The opening has ended; comes once after each `opened`. */
  | { readonly type: 'lost'; readonly reason: string }
  /** Close the port, then report `disconnected`. */
  | { readonly type: 'hang_up'; readonly reason: string };

export type ExchangeOptions = {
  /** 1 to 2^32 - 1; openings count up from it. Another value for each run of the agent. */
  readonly firstOpening: number;
  readonly expectedLinkId?: string | undefined;
};
