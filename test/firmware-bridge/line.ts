import { AgentExchange } from '../../firmware-bridge/exchange.ts';
import type { ExchangeEvent } from '../../firmware-bridge/exchange-events.ts';
import { type LineRoom, streamRoom } from '../../firmware-bridge/lines.ts';
import type { AgentMessage, ModuleMessage } from '../../firmware-bridge/message.ts';
import {
  type ModuleEvent,
  ModuleExchange,
  type ModuleIdentity,
} from '../../firmware-bridge/module-exchange.ts';
import { SecretBytes } from '../../src/secret/secret-bytes.ts';

export const identity = {
  moduleId: 'm',
  linkId: 'L1',
  role: 'tx',
  firmwareVersion: '1',
  maxBlockBytes: 64,
} as const;

/** Its blocks come in up to five parts. */
export const longIdentity = { ...identity, maxBlockBytes: 300, maxPartBytes: 64 } as const;

/** A line on which so many parts may be under way. */
export function roomFor(parts: number): LineRoom {
  return { ...streamRoom(1e9), partsUnderWay: () => parts };
}

type Delivery = { readonly agent: AgentExchange; readonly opening: number; readonly number: number };

/**
 * An agent and a module joined by a line whose messages wait until they are moved, or are lost. Every step checks the
 * rules that hold at all times; `stored` is the agent's disk and outlives the agent.
 */
export class Line {
  readonly toAgent: ModuleMessage[] = [];
  readonly toModule: AgentMessage[] = [];
  readonly stored = new Set<number>();
  readonly refused = new Set<number>();
  readonly dropped = new Set<number>();
  readonly #lengths = new Map<number, number>();
  readonly log: string[] = [];
  deliveries: Delivery[] = [];
  nowMs = 1000;
  agent: AgentExchange;
  module: ModuleExchange;
  connected = false;
  opened = 0;
  readonly window: number;
  readonly #heldMax: number;
  readonly #identity: ModuleIdentity;
  readonly #room: LineRoom;
  #opening = 1;
  #present = 0;

  constructor(window: number, heldMax: number, who: ModuleIdentity = identity) {
    this.window = Math.max(window, Math.ceil(who.maxBlockBytes / (who.maxPartBytes ?? who.maxBlockBytes)));
    this.#identity = who;
    this.#room = roomFor(window);
    this.#heldMax = heldMax;
    this.module = new ModuleExchange(who, heldMax);
    this.agent = this.#newAgent();
  }

  #newAgent(): AgentExchange {
    this.#opening += 1000;
    return new AgentExchange({ firstOpening: this.#opening, expectedLinkId: 'L1' });
  }

  /** The agent dies; what it had sent is still on the line, what it had not answered is forgotten. */
  restartAgent(): void {
    this.agent = this.#newAgent();
    this.deliveries = [];
    this.connected = false;
    this.connect();
  }

  /** The module's power fails: its blocks are gone, the line's buffers are not. */
  restartModule(): void {
    this.module.wipe();
    this.module = new ModuleExchange(this.#identity, this.#heldMax);
    this.runModule({ type: 'started' });
  }

  connect(): void {
    if (this.connected) return;
    this.connected = true;
    this.runAgent({ type: 'connected', room: this.#room, nowMs: this.nowMs });
  }

  make(number: number, length = 8): void {
    const bytes = SecretBytes.copyOf(pattern(number, length));
    this.#lengths.set(number, length);
    this.runModule({ type: 'block', number, bytes });
  }

  length(number: number): number | undefined {
    return this.#lengths.get(number);
  }

  moveToAgent(): void {
    const message = this.toAgent.shift();
    if (message === undefined) return;
    if (!this.connected) {
      if (message.type === 'key_block') message.bytes.wipe();
      return;
    }
    this.runAgent({ type: 'heard', nowMs: this.nowMs });
    this.runAgent({ type: 'message', message, nowMs: this.nowMs });
  }

  /** The line says a message twice. */
  repeatToAgent(): void {
    const [message] = this.toAgent;
    if (message !== undefined) this.toAgent.unshift(copy(message));
  }

  moveToModule(): void {
    const message = this.toModule.shift();
    if (message !== undefined) this.runModule({ type: 'message', message, nowMs: this.nowMs });
  }

  /** Blocks of the present opening that the agent has not answered. */
  get underWay(): number {
    return this.deliveries.filter(({ agent, opening }) => agent === this.agent && opening === this.#present)
      .length;
  }

  /** Answers the oldest delivery: on disk first, then told. */
  answer(store: boolean): void {
    const delivery = this.deliveries.shift();
    if (delivery === undefined) return;
    const { number, opening } = delivery;
    if (store || this.stored.has(number)) this.stored.add(number);
    else this.refused.add(number);
    const stored = this.stored.has(number);
    const verdict = stored ? { stored } : ({ stored, reason: 'no' } as const);
    if (delivery.agent === this.agent) {
      this.runAgent({ type: 'answered', opening, number, verdict: verdict as { stored: true } });
      this.runAgent({ type: 'flush' });
    }
  }

  pass(ms: number): void {
    this.nowMs += ms;
    this.runAgent({ type: 'tick', nowMs: this.nowMs });
    this.runModule({ type: 'tick', nowMs: this.nowMs });
    this.connect();
  }

  /** Lets the line run without loss, in small steps of time, until nothing more can happen. */
  settle(): void {
    for (let i = 0; i < 60; i++) {
      this.pass(250);
      while (this.toModule.length + this.toAgent.length + this.deliveries.length > 0) {
        this.moveToModule();
        this.moveToAgent();
        this.answer(true);
      }
    }
  }

  runAgent(event: ExchangeEvent): void {
    for (const effect of this.agent.handle(event)) {
      if (effect.type === 'send') {
        if (effect.message.type === 'agent_hello') this.#present = effect.message.opening;
        this.toModule.push(effect.message);
      } else if (effect.type === 'deliver') {
        this.deliveries.push({ agent: this.agent, opening: effect.opening, number: effect.number });
        const { number, bytes } = effect;
        if (!bytes.view().equals(pattern(number, bytes.length))) throw new Error('other bits');
        if (this.length(number) !== bytes.length) throw new Error('another length');
        effect.bytes.wipe();
        if (this.underWay > this.window) throw new Error(`${this.underWay} blocks under way`);
      } else {
        this.log.push(
          effect.type === 'lost' || effect.type === 'hang_up'
            ? `${effect.type}: ${effect.reason}`
            : effect.type,
        );
        if (effect.type === 'opened') this.opened += 1;
        if (effect.type === 'hang_up') {
          this.runAgent({ type: 'disconnected', reason: effect.reason });
          this.connected = false;
        }
      }
    }
  }

  runModule(event: ModuleEvent): void {
    for (const effect of this.module.handle(event)) {
      if (effect.type === 'send') this.toAgent.push(copy(effect.message));
      if (effect.type !== 'forgot') continue;
      if (effect.why === 'stored' && !this.stored.has(effect.number)) {
        throw new Error(`the module forgot block ${effect.number} before it was stored`);
      }
      if (effect.why === 'refused' && !this.refused.has(effect.number)) throw new Error('never refused');
      if (effect.why === 'overflow') this.dropped.add(effect.number);
    }
  }
}

function pattern(number: number, length: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, i) => (number * 31 + i * 7) & 255));
}

/** Key is only lent by the module: what is on the line is another copy. */
function copy(message: ModuleMessage): ModuleMessage {
  return message.type === 'key_block'
    ? { ...message, bytes: SecretBytes.copyOf(message.bytes.view()) }
    : message;
}
