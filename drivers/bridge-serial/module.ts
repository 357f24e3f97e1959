import type { AgentChannel, ChannelEffect } from '../../firmware-bridge/agent-channel.ts';
import { decodeModuleMessage } from '../../firmware-bridge/decode.ts';
import { encodeMessage } from '../../firmware-bridge/encode.ts';
import { AgentExchange } from '../../firmware-bridge/exchange.ts';
import type { ExchangeEffect, ExchangeEvent } from '../../firmware-bridge/exchange-events.ts';
import { DELIMITER, encodeFrame, FrameDecoder } from '../../firmware-bridge/framing.ts';
import type { AgentMessage, Hello } from '../../firmware-bridge/message.ts';
import type { ByteLink } from '../../src/env/byte-link.ts';
import { AgentError, messageOf } from '../../src/errors.ts';
import { limits } from '../../src/limits.ts';
import type {
  DriverContext,
  ModuleInfo,
  ModuleOrder,
  ModuleOrderResult,
  ModuleSink,
  OpenModule,
} from '../driver.ts';
import { lineBytesPerSecond, openSerial } from '../ports/serial.ts';
import { resolvePort } from '../ports/serial-list.ts';
import { channelFor } from './channel.ts';

const TICK_MS = 250;

/**
 * One module, for as long as it is configured: finds its port, opens it, runs the exchange, and starts over after a
 * pause whenever the port goes away. One attempt is under way at a time.
 */
export class BridgeModule implements OpenModule {
  readonly #context: DriverContext;
  readonly #sink: ModuleSink;
  readonly #exchange: AgentExchange;
  readonly #channel: AgentChannel;
  readonly #decoder = new FrameDecoder();
  #link: ByteLink | undefined;
  #cancelTimer: () => void = () => {};
  #backOffMs: number = limits.portBackOffMsMin;
  #connectedMs = 0;
  #lastFailure = '';
  #flushPending = false;
  #ordered: ((result: ModuleOrderResult) => void) | undefined;
  /** Between two attempts. */
  #waiting = false;
  #stopping = false;
  readonly #stopped = Promise.withResolvers<void>();

  constructor(context: DriverContext, sink: ModuleSink) {
    this.#context = context;
    this.#sink = sink;
    this.#channel = channelFor(context, this.#onChannel);
    this.#exchange = new AgentExchange({
      firstOpening: 1 + (Math.floor(context.clock.wallMs()) % (2 ** 32 - 1)),
      windowParts: limits.moduleCreditPartsMax,
      lineBytesPerSecond: lineBytesPerSecond(context.baudRate),
      expectedLinkId: context.expectedLinkId,
    });
    void this.#connect();
  }

  close(): Promise<void> {
    if (this.#stopping) return this.#stopped.promise;
    this.#stopping = true;
    if (this.#link) this.#link.close('the agent is closing it');
    else if (this.#waiting) this.#finish();
    return this.#stopped.promise;
  }

  order(order: ModuleOrder): Promise<ModuleOrderResult> {
    if (this.#ordered !== undefined) {
      return Promise.resolve({ outcome: 'failed', text: 'another command is under way' });
    }
    const { promise, resolve } = Promise.withResolvers<ModuleOrderResult>();
    this.#ordered = resolve;
    this.#run({ type: 'order', order, nowMs: this.#context.clock.monotonicMs() });
    return promise;
  }

  async #connect(): Promise<void> {
    this.#waiting = false;
    const { port, baudRate } = this.#context;
    try {
      const path = await resolvePort(port);
      if (path === undefined) throw notPlugged(this.#context);
      this.#link = await openSerial({ path, baudRate }, { onData: this.#onData, onClosed: this.#onClosed });
      this.#connected(path, this.#link);
    } catch (thrown) {
      this.#failed(thrown);
    }
  }

  #connected(path: string, link: ByteLink): void {
    if (this.#stopping) {
      link.close('the agent is closing it');
      return;
    }
    const { clock, log } = this.#context;
    log.debug('module.port-open', { path });
    this.#connectedMs = clock.monotonicMs();
    this.#decoder.reset();
    // Ends whatever frame an earlier opening left half sent.
    link.write(Uint8Array.of(DELIMITER));
    this.#channel.connected(clock.monotonicMs());
    this.#scheduleTick();
  }

  #failed(thrown: unknown): void {
    const reason = messageOf(thrown);
    if (reason !== this.#lastFailure) {
      const remedy = thrown instanceof AgentError ? thrown.remedy : undefined;
      this.#context.log.warn('module.port-unavailable', { reason, remedy });
    }
    this.#lastFailure = reason;
    this.#tryAgain();
  }

  #tryAgain(): void {
    if (this.#stopping) {
      this.#finish();
      return;
    }
    this.#waiting = true;
    this.#cancelTimer = this.#context.clock.after(this.#backOffMs, () => void this.#connect());
    this.#backOffMs = Math.min(this.#backOffMs * 2, limits.portBackOffMsMax);
  }

  #finish(): void {
    this.#waiting = false;
    this.#cancelTimer();
    this.#channel.wipe();
    this.#stopped.resolve();
  }

  #scheduleTick(): void {
    this.#cancelTimer = this.#context.clock.after(TICK_MS, () => {
      if (this.#link === undefined) return;
      const nowMs = this.#context.clock.monotonicMs();
      this.#channel.tick(nowMs);
      this.#run({ type: 'tick', nowMs });
      this.#scheduleTick();
    });
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#run({ type: 'heard', nowMs: this.#context.clock.monotonicMs() });
    this.#decoder.push(chunk, (message) => {
      this.#channel.message(message, this.#context.clock.monotonicMs());
    });
  };

  readonly #onChannel = (effect: ChannelEffect): void => {
    switch (effect.type) {
      case 'send':
        this.#write(effect.message);
        break;
      case 'opened':
        this.#run({ type: 'connected', nowMs: this.#context.clock.monotonicMs() });
        break;
      case 'ended':
        this.#run({ type: 'disconnected', reason: effect.reason });
        break;
      case 'envelope':
        this.#envelope(effect.bytes);
        break;
      case 'hang_up':
        this.#hangUp(effect.reason);
        break;
    }
  };

  #envelope(bytes: Buffer): void {
    const decoded = decodeModuleMessage(bytes);
    const nowMs = this.#context.clock.monotonicMs();
    if (decoded.kind === 'message') this.#run({ type: 'message', message: decoded.message, nowMs });
    else if (decoded.kind === 'malformed') this.#run({ type: 'malformed', reason: decoded.reason });
  }

  readonly #onClosed = (reason: string): void => {
    const { clock, log } = this.#context;
    this.#link = undefined;
    this.#cancelTimer();
    log.info('module.port-closed', { reason, frames_dropped: this.#decoder.faultCount });
    this.#channel.disconnected();
    this.#run({ type: 'disconnected', reason });
    // An opening that held for a while shows that the port is good; one that fails at once keeps backing off.
    if (clock.monotonicMs() - this.#connectedMs >= limits.portSilenceMs)
      this.#backOffMs = limits.portBackOffMsMin;
    this.#tryAgain();
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
        if (!this.#stopping) this.#sink.onTelemetry(telemetry);
        break;
      }
      case 'alarm': {
        const { type: _, ...alarm } = effect.alarm;
        if (!this.#stopping) this.#sink.onAlarm(alarm);
        break;
      }
      case 'order_result': {
        const answer = this.#ordered;
        this.#ordered = undefined;
        answer?.(effect.result);
        break;
      }
      case 'zeroized':
        this.#context.log.warn('module.zeroized', { blocks: effect.blocks });
        break;
      case 'lost':
        this.#sink.onLost(effect.reason);
        break;
      case 'hang_up':
        this.#hangUp(effect.reason);
        break;
    }
  }

  #hangUp(reason: string): void {
    if (reason !== this.#lastFailure) this.#context.log.warn('module.hung-up', { reason });
    this.#lastFailure = reason;
    this.#link?.close(reason);
  }

  #opened(hello: Hello): void {
    this.#lastFailure = '';
    const { moduleId, linkId, role, firmwareVersion } = hello;
    const info: ModuleInfo = { moduleId, linkId, role, firmwareVersion };
    this.#sink.onOpen(info);
  }

  #deliver({ opening, number, bytes, qber }: Extract<ExchangeEffect, { type: 'deliver' }>): void {
    if (this.#stopping) {
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
    const link = this.#link;
    if (link === undefined) return;
    if (link.queuedBytes > limits.portQueueBytesMax) link.close('the module does not read what it is sent');
    else link.write(encodeFrame(message));
  }
}

function notPlugged(context: DriverContext): AgentError {
  const what = 'usb' in context.port ? `${context.port.usb.vendor}:${context.port.usb.product}` : '';
  const serial =
    'usb' in context.port && context.port.usb.serial ? ` with serial number ${context.port.usb.serial}` : '';
  return new AgentError(
    'host.port-missing',
    `no serial port of a USB device ${what}${serial} is plugged in`,
    {
      fault: 'host',
      remedy: 'Plug the module in; compare the configuration with `keyferry devices`.',
    },
  );
}
