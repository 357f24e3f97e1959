/**
 * The agent's side of the exchange (README.md, "Exchange"): events in, effects out, no clock and no port. An *opening* is
 * the time between an `agent_hello` and whatever ends it; credit, books and answers count within one opening.
 */
import { assert } from '../src/errors.ts';
import { limits } from '../src/limits.ts';
import { BlockParts } from './block-parts.ts';
import { AgentBooks } from './books.ts';
import { AgentCommands, type Order, type OrderResult } from './commands.ts';
import type { ExchangeEffect, ExchangeEvent, ExchangeOptions } from './exchange-events.ts';
import { type LineRoom, streamRoom } from './lines.ts';
import {
  type AgentMessage,
  type Hello,
  type KeyBlock,
  type ModuleMessage,
  type Pong,
  PROTOCOL_MAX,
  PROTOCOL_MIN,
  type Zeroized,
} from './message.ts';

type Phase = 'closed' | 'greeting' | 'open' | 'hanging_up';
const OPENINGS = 2 ** 32;

export class AgentExchange {
  readonly #options: ExchangeOptions;
  #phase: Phase = 'closed';
  #opening: number;
  #heardMs = 0;
  #greetingSinceMs = 0;
  #helloSentMs = 0;
  #pingSentMs = 0;
  #token = 0;
  /** Openings in a row in which no block was answered. */
  #renewals = 0;
  #room: LineRoom = streamRoom(Number.POSITIVE_INFINITY);
  #parts = new BlockParts(1, 1);
  #books: AgentBooks;
  readonly #commands = new AgentCommands();
  #effects: ExchangeEffect[] = [];

  constructor(options: ExchangeOptions) {
    assert(options.firstOpening >= 1 && options.firstOpening < OPENINGS, 'first opening');
    this.#options = options;
    this.#opening = options.firstOpening - 1;
    this.#books = new AgentBooks({ underWay: 1, unanswered: 1 });
  }

  /** What to do now, in order. Blocks that can't be delivered are wiped here. */
  handle(event: ExchangeEvent): readonly ExchangeEffect[] {
    this.#effects = [];
    switch (event.type) {
      case 'connected':
        this.#heardMs = event.nowMs;
        this.#renewals = 0;
        this.#room = event.room;
        this.#greet(event.nowMs);
        break;
      case 'disconnected':
        this.#end('closed', event.reason);
        break;
      case 'heard':
        this.#heardMs = event.nowMs;
        break;
      case 'message':
        this.#message(event.message, event.nowMs);
        break;
      case 'malformed':
        // Before the hello there may be anything on the line: what an earlier opening left, or a boot loader's text.
        if (this.#phase === 'open') this.#hangUp(`the module sent a malformed message: ${event.reason}`);
        break;
      case 'answered':
        if (this.#phase !== 'open' || event.opening !== this.#opening) break;
        this.#renewals = 0;
        this.#books.answer(event.number, event.verdict);
        break;
      case 'flush':
        if (this.#phase === 'open') this.#flush();
        break;
      case 'order':
        this.#order(event.order, event.nowMs);
        break;
      case 'tick':
        this.#tick(event.nowMs);
        break;
    }
    return this.#effects;
  }

  #greet(nowMs: number): void {
    this.#phase = 'greeting';
    this.#opening = (this.#opening % (OPENINGS - 1)) + 1;
    this.#greetingSinceMs = nowMs;
    this.#sendHello(nowMs);
  }

  #sendHello(nowMs: number): void {
    this.#helloSentMs = nowMs;
    const { partBytesMax } = this.#room;
    this.#send({
      type: 'agent_hello',
      opening: this.#opening,
      protocolMin: PROTOCOL_MIN,
      protocolMax: PROTOCOL_MAX,
      maxBlockBytes: limits.bridgeBlockBytesMax,
      ...(partBytesMax < limits.bridgePartBytesMax && { maxPartBytes: partBytesMax }),
    });
  }

  #order(order: Order, nowMs: number): void {
    if (order === 'zeroize') this.#ordered(this.#commands.end('a zeroization has cut it short'));
    if (this.#phase === 'open') this.#send(this.#commands.begin(order, this.#nextToken(), nowMs));
    else this.#ordered({ outcome: 'failed', text: 'the module is not open' });
  }

  #ordered(result: OrderResult | undefined): void {
    if (result !== undefined) this.#effects.push({ type: 'order_result', result });
  }

  #message(message: ModuleMessage, nowMs: number): void {
    if (message.type === 'hello') {
      this.#hello(message, nowMs);
    } else if (this.#phase !== 'open') {
      if (message.type === 'key_block') message.bytes.wipe();
    } else {
      this.#openMessage(message, nowMs);
    }
  }

  #openMessage(message: Exclude<ModuleMessage, Hello>, nowMs: number): void {
    switch (message.type) {
      case 'key_block':
        this.#block(message, nowMs);
        break;
      case 'telemetry':
        this.#effects.push({ type: 'telemetry', telemetry: message });
        break;
      case 'alarm':
        this.#effects.push({ type: 'alarm', alarm: message });
        break;
      case 'zeroized':
        this.#zeroized(message, nowMs);
        break;
      case 'command_result':
        this.#ordered(this.#commands.result(message));
        break;
      case 'pong':
        this.#pong(message, nowMs);
        break;
    }
  }

  #hello(hello: Hello, nowMs: number): void {
    if (this.#phase === 'open' && hello.opening === 0) {
      this.#renew('the module has started anew', nowMs);
    } else if (this.#phase === 'greeting' && hello.opening === 0) {
      if (nowMs - this.#helloSentMs >= limits.portBackOffMsMin) this.#sendHello(nowMs);
    } else if (this.#phase === 'greeting' && hello.opening === this.#opening) {
      this.#accept(hello, nowMs);
    }
  }

  #accept(hello: Hello, nowMs: number): void {
    const { expectedLinkId } = this.#options;
    if (hello.protocolMin > PROTOCOL_MAX || hello.protocolMax < PROTOCOL_MIN) {
      const theirs = `${hello.protocolMin} to ${hello.protocolMax}`;
      this.#hangUp(`the module speaks bridge versions ${theirs}, not ${PROTOCOL_MIN} to ${PROTOCOL_MAX}`);
      return;
    }
    if (hello.maxBlockBytes < 1 || hello.maxBlockBytes > limits.bridgeBlockBytesMax) {
      this.#hangUp(`the module sends blocks of up to ${hello.maxBlockBytes} bytes, more than fits`);
      return;
    }
    if (expectedLinkId !== undefined && hello.linkId !== expectedLinkId) {
      this.#hangUp(`the module is on link ${hello.linkId}, not on ${expectedLinkId}`);
      return;
    }
    this.#phase = 'open';
    const partBytes = Math.min(this.#room.partBytesMax, hello.maxPartBytes ?? limits.bridgePartBytesMax);
    this.#parts = new BlockParts(partBytes, hello.maxBlockBytes);
    const underWay = this.#room.partsUnderWay(Math.min(partBytes, hello.maxBlockBytes));
    this.#books = new AgentBooks({ underWay, unanswered: Math.max(underWay, this.#parts.partsMax) });
    this.#pingSentMs = nowMs;
    this.#effects.push({ type: 'opened', hello });
    this.#send({ type: 'credit', parts: this.#books.grant() });
  }

  #block(message: KeyBlock, nowMs: number): void {
    const { number } = message;
    const fault = this.#books.receive(number);
    if (fault !== undefined) {
      message.bytes.wipe();
      this.#hangUp(`the module broke the exchange: ${fault}`);
      return;
    }
    const verdict = this.#parts.take(message);
    switch (verdict.kind) {
      case 'fault':
        this.#hangUp(`the module broke the exchange: ${verdict.reason}`);
        return;
      case 'lost':
        this.#renew(`${verdict.reason} was lost on the line`, nowMs);
        return;
      case 'whole': {
        const { block } = verdict;
        const tooMany = this.#books.deliver(number, this.#parts.partsOf(block.bytes.length));
        if (tooMany !== undefined) {
          block.bytes.wipe();
          this.#hangUp(`the module broke the exchange: ${tooMany}`);
          return;
        }
        this.#effects.push({ type: 'deliver', opening: this.#opening, ...block });
        break;
      }
    }
    this.#grant();
  }

  #grant(): void {
    if (this.#books.grantDue()) this.#send({ type: 'credit', parts: this.#books.grant() });
  }

  #zeroized(message: Zeroized, nowMs: number): void {
    this.#effects.push({ type: 'zeroized', blocks: message.blocks });
    this.#ordered(this.#commands.zeroized(message));
    this.#renew('the module has wiped its blocks', nowMs);
  }

  #pong(pong: Pong, nowMs: number): void {
    const difference = this.#books.compare(pong);
    if (difference !== undefined) this.#renew(`messages were lost on the line: ${difference}`, nowMs);
  }

  #flush(): void {
    for (const message of this.#books.takeAnswers()) this.#send(message);
    this.#grant();
  }

  #tick(nowMs: number): void {
    if (this.#phase === 'greeting') {
      if (nowMs - this.#greetingSinceMs >= limits.portSilenceMs) this.#hangUp('the module does not answer');
      else if (nowMs - this.#helloSentMs >= limits.portPingMs) this.#sendHello(nowMs);
    }
    if (this.#phase !== 'open') return;
    if (nowMs - this.#heardMs >= limits.portSilenceMs) {
      this.#hangUp('the module has fallen silent');
      return;
    }
    this.#ordered(this.#commands.tick(nowMs));
    if (nowMs - this.#pingSentMs < limits.portPingMs) return;
    if (this.#books.pingsOut >= limits.bridgePingsMax) {
      this.#hangUp('the module does not answer pings');
      return;
    }
    this.#flush();
    this.#pingSentMs = nowMs;
    this.#send({ type: 'ping', token: this.#books.ping(this.#nextToken()) });
  }

  #nextToken(): number {
    this.#token = (this.#token % (OPENINGS - 1)) + 1;
    return this.#token;
  }

  /** Ends the opening and begins another on the same port. */
  #renew(reason: string, nowMs: number): void {
    this.#renewals += 1;
    if (this.#renewals > limits.bridgeRenewalsMax) {
      this.#hangUp(`no block was answered in ${this.#renewals} openings; the last ended because ${reason}`);
      return;
    }
    this.#end('closed', reason);
    this.#greet(nowMs);
  }

  #hangUp(reason: string): void {
    this.#end('hanging_up', reason);
    this.#effects.push({ type: 'hang_up', reason });
  }

  #end(phase: Phase, reason: string): void {
    if (this.#phase === 'open') this.#effects.push({ type: 'lost', reason });
    this.#ordered(this.#commands.end(reason));
    this.#parts.wipe();
    this.#phase = phase;
  }

  #send(message: AgentMessage): void {
    this.#effects.push({ type: 'send', message });
  }
}
