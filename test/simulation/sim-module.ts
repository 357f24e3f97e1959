import { BridgeModule } from '../../drivers/bridge/module.ts';
import { manifest } from '../../drivers/bridge-serial/manifest.ts';
import type { Driver } from '../../drivers/driver.ts';
import { decodeAgentMessage } from '../../firmware-bridge/decode.ts';
import { encodeMessage } from '../../firmware-bridge/encode.ts';
import { StreamFraming, streamRoom } from '../../firmware-bridge/lines.ts';
import { ModuleChannel, type ModuleChannelEffect } from '../../firmware-bridge/module-channel.ts';
import { type ModuleEvent, ModuleExchange } from '../../firmware-bridge/module-exchange.ts';
import type { ByteLink, ByteLinkEvents } from '../../src/env/byte-link.ts';
import { AgentError } from '../../src/errors.ts';
import { SecretBytes } from '../../src/secret/secret-bytes.ts';
import type { Timeline } from './timeline.ts';

const BAUD = 115_200;
const LINE_MS = 2;
const TICK_MS = 1_000;
const HELD_MAX = 64;
const BLOCK_BYTES_MAX = 1 << 16;

/** The module at one end of a QKD link: the firmware's own exchange, on a line to whatever agent lives at its node. */
export class SimModule {
  readonly name: string;
  readonly #timeline: Timeline;
  readonly #linkId: string;
  readonly #onStored: (number: number) => void;
  #exchange: ModuleExchange;
  #channel: ModuleChannel;
  #framing = new StreamFraming();
  readonly #held = new Set<number>();
  #line: { readonly events: ByteLinkEvents; open: boolean } | undefined;
  #alarmed = false;
  stalled = false;
  plugged = true;

  constructor(timeline: Timeline, name: string, linkId: string, onStored: (number: number) => void) {
    this.#timeline = timeline;
    this.name = name;
    this.#linkId = linkId;
    this.#onStored = onStored;
    this.#exchange = this.#newExchange();
    this.#channel = this.#newChannel();
    this.#channel.started();
    this.#tick();
  }

  /** For the agent's driver table. */
  driver(alive: () => boolean): Driver {
    return {
      ...manifest,
      open: (context, sink) =>
        new BridgeModule(context, sink, async (events) => ({
          link: this.#open(events, alive),
          framing: new StreamFraming(),
          room: streamRoom(BAUD),
        })),
    };
  }

  /** A block has come to be at this end. `bytes` is only lent. */
  block(number: number, bytes: Buffer): void {
    if (this.#held.has(number)) return;
    this.#held.add(number);
    this.#run({ type: 'block', number, bytes: SecretBytes.copyOf(bytes), qber: 0.02 });
  }

  /** Its power goes and comes back: what it had not handed over is lost. */
  restart(): void {
    this.#exchange.wipe();
    this.#channel.wipe();
    this.#held.clear();
    this.#exchange = this.#newExchange();
    this.#channel = this.#newChannel();
    this.#framing = new StreamFraming();
    for (const bytes of this.#framing.begin()) this.#write(bytes);
    this.#channel.started();
  }

  unplug(): void {
    this.plugged = false;
    const line = this.#line;
    this.#line = undefined;
    if (line?.open !== true) return;
    line.open = false;
    line.events.onClosed('the device has gone');
  }

  plug(): void {
    this.plugged = true;
  }

  /** Begins or ends to say that key of this time may not be secret. */
  alarm(active: boolean): void {
    this.#alarmed = active;
    this.#tellAlarm();
  }

  #tellAlarm(): void {
    const alarm = { code: 'blinding', text: 'a bright light', active: this.#alarmed, suspect: true };
    this.#run({ type: 'alarm', alarm });
  }

  /** Bytes on the line that are no message. */
  noise(bytes: Buffer): void {
    this.#write(bytes);
  }

  stop(): void {
    this.#exchange.wipe();
    this.#channel.wipe();
  }

  #newExchange(): ModuleExchange {
    const identity = { moduleId: this.name, linkId: this.#linkId, role: 'tx', firmwareVersion: '1' } as const;
    return new ModuleExchange({ ...identity, maxBlockBytes: BLOCK_BYTES_MAX }, HELD_MAX);
  }

  #newChannel(): ModuleChannel {
    return new ModuleChannel(undefined, () => SecretBytes.alloc(32), this.#onChannel);
  }

  #open(events: ByteLinkEvents, alive: () => boolean): ByteLink {
    if (!this.plugged)
      throw new AgentError('module.port', 'there is no such device', {
        fault: 'module',
        remedy: 'Plug it in.',
      });
    // The agent of before has died with its line open.
    if (this.#line !== undefined) this.#line.open = false;
    const line = {
      open: true,
      events: {
        onData: (chunk: Buffer) => alive() && events.onData(chunk),
        onClosed: (reason: string) => alive() && events.onClosed(reason),
      },
    };
    this.#line = line;
    return {
      queuedBytes: 0,
      write: (bytes, taken) => {
        const copy = Buffer.from(bytes);
        taken?.();
        this.#timeline.after(LINE_MS, () => {
          if (line.open && !this.stalled)
            this.#framing.push(copy, (message) => this.#channel.message(message));
        });
      },
      close: (reason) => {
        if (!line.open) return;
        line.open = false;
        if (this.#line === line) this.#line = undefined;
        this.#timeline.after(0, () => line.events.onClosed(reason));
      },
    };
  }

  #tick(): void {
    this.#timeline.after(TICK_MS, () => this.#tick());
    if (this.stalled) return;
    this.#run({ type: 'tick', nowMs: this.#timeline.nowMs });
    const telemetry = { qber: 0.02, skr: 1_000, status: 'active' } as const;
    if (!this.#exchange.isOpen) return;
    this.#run({ type: 'telemetry', telemetry });
    // What an opening was not told counts as ended.
    if (this.#alarmed) this.#tellAlarm();
  }

  readonly #onChannel = (effect: ModuleChannelEffect): void => {
    if (effect.type === 'send') this.#writeMessage(effect.message);
    else if (effect.type === 'opened') this.#run({ type: 'started' });
    else {
      const decoded = decodeAgentMessage(effect.bytes);
      const nowMs = this.#timeline.nowMs;
      if (decoded.kind === 'message') this.#run({ type: 'message', message: decoded.message, nowMs });
    }
  };

  #run(event: ModuleEvent): void {
    for (const effect of this.#exchange.handle(event)) {
      if (effect.type === 'send') {
        const sealed = this.#channel.seal(encodeMessage(effect.message));
        if (sealed !== undefined) this.#writeMessage(sealed);
      } else if (effect.type === 'command')
        this.#run({ type: 'command_result', token: effect.token, outcome: 'not_supported', text: '' });
      else if (effect.type === 'forgot') {
        this.#held.delete(effect.number);
        if (effect.why === 'stored') this.#onStored(effect.number);
      }
    }
  }

  #writeMessage(message: Buffer): void {
    for (const bytes of this.#framing.encode(message)) this.#write(bytes);
  }

  #write(bytes: Buffer): void {
    const line = this.#line;
    if (line === undefined || this.stalled) return;
    const copy = Buffer.from(bytes);
    this.#timeline.after(LINE_MS, () => {
      if (line.open) line.events.onData(copy);
    });
  }
}
