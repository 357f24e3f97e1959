import { decodeModuleMessage } from '../../firmware-bridge/decode.ts';
import { encodeMessage } from '../../firmware-bridge/encode.ts';
import { AgentExchange, type ExchangeEffect, type ExchangeEvent } from '../../firmware-bridge/exchange.ts';
import { DELIMITER, encodeFrame, FrameDecoder } from '../../firmware-bridge/framing.ts';
import type { AgentMessage, Hello } from '../../firmware-bridge/message.ts';
import type { ByteLink, ByteLinkEvents } from '../../src/env/byte-link.ts';
import { limits } from '../../src/limits.ts';
import type { DriverContext, ModuleInfo, ModuleSink, OpenModule } from '../driver.ts';
import { PortKeeper } from '../ports/keeper.ts';

/** A port that carries bridge frames: a serial line, or a program's stdin and stdout. */
export type BridgePort = {
  readonly open: (events: ByteLinkEvents) => Promise<ByteLink>;
  /** What the line carries; Infinity where nothing paces it. */
  readonly bytesPerSecond: number;
};

/** `zeroize` tells the module to wipe what it still holds; without an open module it does nothing. */
export type OpenBridgeModule = OpenModule & { zeroize(): void };

/**
 * One module that speaks the firmware bridge, for as long as it is configured: runs the exchange over a port, and starts
 * over whenever the port goes away. Every bridge driver is this over a port of its own.
 */
export class BridgeModule implements OpenBridgeModule {
  readonly #context: DriverContext;
  readonly #sink: ModuleSink;
  readonly #exchange: AgentExchange;
  readonly #decoder = new FrameDecoder();
  readonly #port: PortKeeper;
  #flushPending = false;

  constructor(context: DriverContext, sink: ModuleSink, port: BridgePort) {
    this.#context = context;
    this.#sink = sink;
    this.#exchange = new AgentExchange({
      firstOpening: 1 + (Math.floor(context.clock.wallMs()) % (2 ** 32 - 1)),
      windowBlocks: limits.moduleCreditBlocksMax,
      lineBytesPerSecond: port.bytesPerSecond,
      expectedLinkId: context.expectedLinkId,
    });
    this.#port = new PortKeeper(context, {
      open: port.open,
      onOpen: this.#onOpen,
      onData: this.#onData,
      onClosed: this.#onClosed,
      onTick: () => this.#run({ type: 'tick', nowMs: this.#nowMs }),
    });
  }

  close(): Promise<void> {
    return this.#port.close();
  }

  zeroize(): void {
    this.#run({ type: 'zeroize' });
  }

  get #nowMs(): number {
    return this.#context.clock.monotonicMs();
  }

  readonly #onOpen = (): void => {
    this.#decoder.reset();
    // Ends whatever frame an earlier opening left half sent.
    this.#port.write(Uint8Array.of(DELIMITER));
    this.#run({ type: 'connected', nowMs: this.#nowMs });
  };

  readonly #onData = (chunk: Buffer): void => {
    this.#run({ type: 'heard', nowMs: this.#nowMs });
    this.#decoder.push(chunk, (bytes) => {
      const decoded = decodeModuleMessage(bytes);
      const nowMs = this.#nowMs;
      if (decoded.kind === 'message') this.#run({ type: 'message', message: decoded.message, nowMs });
      else if (decoded.kind === 'malformed') this.#run({ type: 'malformed', reason: decoded.reason });
    });
  };

  readonly #onClosed = (reason: string): void => {
    const { faultCount } = this.#decoder;
    if (faultCount > 0) this.#context.log.info('module.frames-dropped', { frames: faultCount });
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

  #deliver({ opening, number, bytes }: Extract<ExchangeEffect, { type: 'deliver' }>): void {
    if (this.#port.stopping) {
      bytes.wipe();
      return;
    }
    this.#sink.onBlock(
      { number, bytes },
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
    this.#port.write(encodeFrame(encodeMessage(message)));
  }
}
