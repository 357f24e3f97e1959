import type { AgentChannel, ChannelEffect } from '../../firmware-bridge/agent-channel.ts';
import { decodeModuleMessage } from '../../firmware-bridge/decode.ts';
import { encodeMessage } from '../../firmware-bridge/encode.ts';
import { AgentExchange } from '../../firmware-bridge/exchange.ts';
import type { ExchangeEffect, ExchangeEvent } from '../../firmware-bridge/exchange-events.ts';
import type { Framing, LineRoom } from '../../firmware-bridge/lines.ts';
import type { AgentMessage, Hello } from '../../firmware-bridge/message.ts';
import type { ByteLink, ByteLinkEvents } from '../../src/env/byte-link.ts';
import { limits } from '../../src/limits.ts';
import type {
  DriverContext,
  ModuleInfo,
  ModuleOrder,
  ModuleOrderResult,
  ModuleSink,
  OpenModule,
} from '../driver.ts';
import { PortKeeper } from '../ports/keeper.ts';
import { channelFor } from './channel.ts';

/** An open port that carries the bridge. */
export type BridgeLine = { readonly link: ByteLink; readonly framing: Framing; readonly room: LineRoom };
/** Opens the port, each time anew. Rejects with an AgentError. */
export type OpenBridgeLine = (events: ByteLinkEvents) => Promise<BridgeLine>;

/**
 * One module that speaks the firmware bridge, for as long as it is configured: runs the channel and the exchange over
 * a port, and starts over whenever the port goes away. Every bridge driver is this over a port of its own.
 */
export class BridgeModule implements OpenModule {
  readonly #context: DriverContext;
  readonly #sink: ModuleSink;
  readonly #exchange: AgentExchange;
  readonly #channel: AgentChannel;
  readonly #port: PortKeeper;
  #line: BridgeLine | undefined;
  #flushPending = false;
  /** Bytes since the last message whose check sum was right. */
  #noiseBytes = 0;
  /** Who waits for the result of an order: one, or two when a zeroization has cut the first one short. */
  readonly #ordered: ((result: ModuleOrderResult) => void)[] = [];

  constructor(context: DriverContext, sink: ModuleSink, open: OpenBridgeLine) {
    this.#context = context;
    this.#sink = sink;
    this.#channel = channelFor(context, this.#onChannel);
    this.#exchange = new AgentExchange({
      firstOpening: 1 + (Math.floor(context.clock.wallMs()) % (2 ** 32 - 1)),
      expectedLinkId: context.expectedLinkId,
    });
    this.#port = new PortKeeper(context, {
      open: async (events) => {
        this.#line = await open(events);
        return this.#line.link;
      },
      onOpen: this.#onOpen,
      onData: this.#onData,
      onClosed: this.#onClosed,
      onTick: () => {
        this.#channel.tick(this.#nowMs);
        this.#run({ type: 'tick', nowMs: this.#nowMs });
      },
    });
  }

  async close(): Promise<void> {
    await this.#port.close();
    this.#channel.wipe();
  }

  order(order: ModuleOrder): Promise<ModuleOrderResult> {
    // What destroys key waits for nothing.
    if (this.#ordered.length > 0 && order !== 'zeroize') {
      return Promise.resolve({ outcome: 'failed', text: 'another command is under way' });
    }
    const { promise, resolve } = Promise.withResolvers<ModuleOrderResult>();
    this.#ordered.push(resolve);
    this.#run({ type: 'order', order, nowMs: this.#nowMs });
    return promise;
  }

  get #nowMs(): number {
    return this.#context.clock.monotonicMs();
  }

  readonly #onOpen = (): void => {
    this.#noiseBytes = 0;
    for (const bytes of this.#line!.framing.begin()) this.#port.write(bytes);
    this.#channel.connected(this.#nowMs);
  };

  readonly #onData = (chunk: Buffer): void => {
    this.#run({ type: 'heard', nowMs: this.#nowMs });
    this.#noiseBytes += chunk.length;
    this.#line?.framing.push(chunk, (message) => {
      this.#noiseBytes = 0;
      this.#channel.message(message, this.#nowMs);
    });
    if (this.#noiseBytes < limits.bridgeNoiseBytesMax) return;
    this.#noiseBytes = 0;
    this.#port.hangUp(`${limits.bridgeNoiseBytesMax >> 10} KiB came without one message in them`);
  };

  readonly #onChannel = (effect: ChannelEffect): void => {
    switch (effect.type) {
      case 'send':
        this.#write(effect.message);
        break;
      case 'opened':
        this.#run({ type: 'connected', room: this.#line!.room, nowMs: this.#nowMs });
        break;
      case 'ended':
        this.#run({ type: 'disconnected', reason: effect.reason });
        break;
      case 'envelope':
        this.#envelope(effect.bytes);
        break;
      case 'hang_up':
        this.#port.hangUp(effect.reason);
        break;
    }
  };

  #envelope(bytes: Buffer): void {
    const decoded = decodeModuleMessage(bytes);
    const nowMs = this.#nowMs;
    if (decoded.kind === 'message') this.#run({ type: 'message', message: decoded.message, nowMs });
    else if (decoded.kind === 'malformed') this.#run({ type: 'malformed', reason: decoded.reason });
  }

  readonly #onClosed = (reason: string): void => {
    const framing = this.#line?.framing;
    const faultCount = framing?.faultCount ?? 0;
    framing?.wipe();
    this.#line = undefined;
    if (faultCount > 0) this.#context.log.info('module.frames-dropped', { frames: faultCount });
    this.#channel.disconnected();
    this.#run({ type: 'disconnected', reason });
  };

  #run(event: ExchangeEvent): void {
    for (const effect of this.#exchange.handle(event)) this.#perform(effect);
  }

  #perform(effect: ExchangeEffect): void {
    switch (effect.type) {
      case 'send':
        this.#send(effect.message);
        break;
      case 'opened':
        this.#opened(effect.hello);
        break;
      case 'deliver':
        this.#deliver(effect);
        break;
      case 'telemetry': {
        const { type: _, ...telemetry } = effect.telemetry;
        if (!this.#port.stopping) this.#sink.onTelemetry(telemetry);
        break;
      }
      case 'alarm': {
        const { type: _, ...alarm } = effect.alarm;
        if (!this.#port.stopping) this.#sink.onAlarm(alarm);
        break;
      }
      case 'order_result':
        this.#ordered.shift()?.(effect.result);
        break;
      case 'zeroized':
        this.#context.log.warn('module.zeroized', { blocks: effect.blocks });
        break;
      case 'lost':
        this.#sink.onLost(effect.reason);
        break;
      case 'hang_up':
        this.#port.hangUp(effect.reason);
        break;
    }
  }

  #opened(hello: Hello): void {
    this.#port.proved();
    const { moduleId, linkId, role, firmwareVersion } = hello;
    const info: ModuleInfo = { moduleId, linkId, role, firmwareVersion };
    this.#sink.onOpen(info);
  }

  #deliver({ opening, number, bytes, qber }: Extract<ExchangeEffect, { type: 'deliver' }>): void {
    if (this.#port.stopping) {
      bytes.wipe();
      return;
    }
    this.#sink.onBlock(
      { number, bytes, ...(qber !== undefined && { qber }) },
      {
        stored: () => this.#answer({ type: 'answered', opening, number, verdict: { stored: true } }),
        refused: (reason) =>
          this.#answer({ type: 'answered', opening, number, verdict: { stored: false, reason } }),
      },
    );
  }

  /** One sync of the store answers for many blocks: they go to the module in one message. */
  #answer(event: ExchangeEvent): void {
    this.#run(event);
    if (this.#flushPending) return;
    this.#flushPending = true;
    queueMicrotask(() => {
      this.#flushPending = false;
      this.#run({ type: 'flush' });
    });
  }

  #send(message: AgentMessage): void {
    const sealed = this.#channel.seal(encodeMessage(message));
    if (sealed !== undefined) this.#write(sealed);
  }

  #write(message: Buffer): void {
    for (const bytes of this.#line?.framing.encode(message) ?? []) this.#port.write(bytes);
  }
}
