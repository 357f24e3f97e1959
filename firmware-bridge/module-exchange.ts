/**
 * The module's side of the exchange, as firmware would do it; the simulator runs on it. Holds each block until the agent
 * has answered for it, whatever happens to the port or to the agent in between.
 */
import { assert } from '../src/errors.ts';
import { limits } from '../src/limits.ts';
import { SecretBytes } from '../src/secret/secret-bytes.ts';
import {
  type Action,
  type AgentHello,
  type AgentMessage,
  type Alarm,
  type Hello,
  type KeyBlock,
  type ModuleMessage,
  type Outcome,
  PROTOCOL_MAX,
  PROTOCOL_MIN,
  type TelemetryMessage,
} from './message.ts';

export type ModuleIdentity = Omit<Hello, 'type' | 'opening' | 'protocolMin' | 'protocolMax'>;

export type ModuleEvent =
  /** The power came on, or a channel took the place of another. */
  | { readonly type: 'started' }
  | { readonly type: 'message'; readonly message: AgentMessage; readonly nowMs: number }
  /** A new block; `bytes` becomes the exchange's. */
  | { readonly type: 'block'; readonly number: number; readonly bytes: SecretBytes; readonly qber?: number }
  | {
      readonly type: 'command_result';
      readonly token: number;
      readonly outcome: Outcome;
      readonly text: string;
    }
  | { readonly type: 'telemetry'; readonly telemetry: Omit<TelemetryMessage, 'type'> }
  | { readonly type: 'alarm'; readonly alarm: Omit<Alarm, 'type'> }
  | { readonly type: 'tick'; readonly nowMs: number };

export type ModuleEffect =
  /** A `key_block` is lent: valid until the exchange handles its next event; its bytes are not to be wiped. */
  | { readonly type: 'send'; readonly message: ModuleMessage }
  | { readonly type: 'opened'; readonly opening: number }
  | { readonly type: 'ended'; readonly reason: string }
  /** To be answered with a `command_result` event. */
  | { readonly type: 'command'; readonly token: number; readonly action: Action }
  /** The module no longer has this block. */
  | {
      readonly type: 'forgot';
      readonly number: number;
      readonly why: 'stored' | 'refused' | 'overflow' | 'zeroized';
    };

/** `sentBytes` in this opening. */
type Held = { readonly bytes: SecretBytes; readonly qber: number | undefined; sentBytes: number };
/** `sent` counts parts, `begun` and `answered` blocks. */
type Opening = {
  readonly partBytes: number;
  heardMs: number;
  credit: number;
  sent: number;
  begun: number;
  answered: number;
};

export class ModuleExchange {
  readonly #identity: ModuleIdentity;
  readonly #heldMax: number;
  /** Unanswered blocks, oldest first. */
  readonly #held = new Map<number, Held>();
  #opening: Opening | undefined;
  #effects: ModuleEffect[] = [];

  /** @param heldMax blocks held without an answer; beyond it the oldest is dropped */
  constructor(identity: ModuleIdentity, heldMax: number) {
    assert(heldMax >= 1, 'blocks held');
    this.#identity = identity;
    this.#heldMax = heldMax;
  }

  get heldBlocks(): number {
    return this.#held.size;
  }

  get isOpen(): boolean {
    return this.#opening !== undefined;
  }

  handle(event: ModuleEvent): readonly ModuleEffect[] {
    this.#effects = [];
    switch (event.type) {
      case 'started':
        this.#end('the module started');
        this.#hello(0);
        break;
      case 'message':
        this.#message(event.message, event.nowMs);
        break;
      case 'block':
        this.#hold(event.number, event.bytes, event.qber);
        break;
      case 'telemetry':
        if (this.#opening) this.#send({ type: 'telemetry', ...event.telemetry });
        break;
      case 'alarm':
        if (this.#opening) this.#send({ type: 'alarm', ...event.alarm });
        break;
      case 'command_result': {
        const { token, outcome, text } = event;
        if (this.#opening) this.#send({ type: 'command_result', token, outcome, text });
        break;
      }
      case 'tick':
        if (this.#opening && event.nowMs - this.#opening.heardMs >= limits.portSilenceMs) {
          this.#end('the agent has fallen silent');
        }
        break;
    }
    this.#deliver();
    return this.#effects;
  }

  /** Wipes all that is held. */
  wipe(): void {
    for (const number of [...this.#held.keys()]) this.#forget(number, 'zeroized');
  }

  #message(message: AgentMessage, nowMs: number): void {
    if (message.type === 'agent_hello') {
      this.#agentHello(message, nowMs);
      return;
    }
    const opening = this.#opening;
    if (opening === undefined) {
      this.#hello(0);
      return;
    }
    opening.heardMs = nowMs;
    switch (message.type) {
      case 'credit':
        opening.credit = Math.max(opening.credit, message.parts);
        break;
      case 'acknowledge':
        for (const number of message.stored) this.#answered(opening, number, 'stored');
        if (message.refused) this.#answered(opening, message.refused.number, 'refused');
        break;
      case 'zeroize': {
        const blocks = this.#held.size;
        this.wipe();
        this.#send({ type: 'zeroized', token: message.token, blocks });
        break;
      }
      case 'command':
        this.#effects.push({ type: 'command', token: message.token, action: message.action });
        break;
      case 'ping':
        this.#send({
          type: 'pong',
          token: message.token,
          partsSent: opening.sent,
          blocksAnswered: opening.answered,
          credit: opening.credit,
        });
        break;
    }
  }

  #agentHello(hello: AgentHello, nowMs: number): void {
    this.#end('the agent opened anew');
    this.#hello(hello.opening);
    // The agent reads the same in our hello and hangs up; nothing is sent in the meantime.
    if (hello.protocolMin > PROTOCOL_MAX || hello.protocolMax < PROTOCOL_MIN) return;
    if (hello.maxBlockBytes < this.#identity.maxBlockBytes) return;
    const partBytes = Math.min(
      hello.maxPartBytes ?? limits.bridgePartBytesMax,
      this.#identity.maxPartBytes ?? limits.bridgePartBytesMax,
    );
    this.#opening = { partBytes, heardMs: nowMs, credit: 0, sent: 0, begun: 0, answered: 0 };
    this.#effects.push({ type: 'opened', opening: hello.opening });
  }

  /** Only an answer for a block that went out whole in this opening lets go of it. */
  #answered(opening: Opening, number: number, why: 'stored' | 'refused'): void {
    const held = this.#held.get(number);
    if (held === undefined || held.sentBytes < held.bytes.length) return;
    opening.answered += 1;
    this.#forget(number, why);
  }

  #hold(number: number, bytes: SecretBytes, qber: number | undefined): void {
    assert(!this.#held.has(number), 'a block number was given twice');
    assert(bytes.length <= this.#identity.maxBlockBytes, 'a block longer than the module says');
    if (this.#held.size >= this.#heldMax && !this.#dropOldest()) {
      bytes.wipe();
      this.#effects.push({ type: 'forgot', number, why: 'overflow' });
      return;
    }
    this.#held.set(number, { bytes, qber, sentBytes: 0 });
  }

  /** Blocks that are out stay: the agent may be storing them just now. */
  #dropOldest(): boolean {
    for (const [number, held] of this.#held) {
      if (held.sentBytes > 0) continue;
      this.#forget(number, 'overflow');
      return true;
    }
    return false;
  }

  #deliver(): void {
    const opening = this.#opening;
    if (opening === undefined || opening.sent >= opening.credit) return;
    for (const [number, held] of this.#held) {
      while (held.sentBytes < held.bytes.length) {
        if (opening.sent >= opening.credit) return;
        if (held.sentBytes === 0) {
          if (opening.begun - opening.answered >= limits.moduleBlocksUnansweredMax) return;
          opening.begun += 1;
        }
        opening.sent += 1;
        this.#send(nextPart(number, held, opening.partBytes));
      }
    }
  }

  #forget(number: number, why: 'stored' | 'refused' | 'overflow' | 'zeroized'): void {
    this.#held.get(number)?.bytes.wipe();
    this.#held.delete(number);
    this.#effects.push({ type: 'forgot', number, why });
  }

  #hello(opening: number): void {
    this.#send({
      type: 'hello',
      opening,
      protocolMin: PROTOCOL_MIN,
      protocolMax: PROTOCOL_MAX,
      ...this.#identity,
    });
  }

  #end(reason: string): void {
    if (this.#opening === undefined) return;
    this.#opening = undefined;
    for (const held of this.#held.values()) held.sentBytes = 0;
    this.#effects.push({ type: 'ended', reason });
  }

  #send(message: ModuleMessage): void {
    this.#effects.push({ type: 'send', message });
  }
}

/** The next part of a block, which counts as sent. */
function nextPart(number: number, held: Held, partBytes: number): KeyBlock {
  const { bytes, qber, sentBytes: offset } = held;
  const total = bytes.length;
  const end = Math.min(total, offset + partBytes);
  held.sentBytes = end;
  return {
    type: 'key_block',
    number,
    bytes: total <= partBytes ? bytes : SecretBytes.adopt(bytes.view().subarray(offset, end)),
    ...(total > partBytes && { part: { offset, total } }),
    ...(offset === 0 && qber !== undefined && { qber }),
  };
}
