import { decodeAgentMessage } from '../../firmware-bridge/decode.ts';
import { encodeMessage } from '../../firmware-bridge/encode.ts';
import { type Framing, StreamFraming } from '../../firmware-bridge/lines.ts';
import type { Action, ModuleMessage, Outcome } from '../../firmware-bridge/message.ts';
import { ModuleChannel, type ModuleChannelEffect } from '../../firmware-bridge/module-channel.ts';
import {
  type ModuleEvent,
  ModuleExchange,
  type ModuleIdentity,
} from '../../firmware-bridge/module-exchange.ts';
import type { Entropy } from '../env/entropy.ts';
import { limits } from '../limits.ts';
import { SecretBytes } from '../secret/secret-bytes.ts';
import type { BlockSource } from './block-source.ts';

export type SimulatedModuleOptions = {
  readonly identity: ModuleIdentity;
  /** 32 bytes, which become the module's; undefined for a module that proves nothing. */
  readonly moduleKey: SecretBytes | undefined;
  readonly entropy: Entropy;
  readonly source: BlockSource;
  readonly bufferBlocks: number;
  /** Fraction. */
  readonly qber: number;
  /** bit/s */
  readonly skr: number;
  /** Inverts the first bit of every block whose number divides by it: what the two ends hold then differs. 0 for never. */
  readonly corruptEvery: number;
  readonly startWallMs: number;
  /** That of a byte stream when not given. */
  readonly framing?: Framing;
};

export type SimulatedModuleStatus = {
  open: boolean;
  openings: number;
  sent: number;
  stored: number;
  refused: number;
  held: number;
  dropped: number;
  zeroized: number;
  /** Makes blocks: not stopped by a command. */
  running: boolean;
  /** Times that a command asked it to show itself. */
  identified: number;
  faults: number;
};

const TELEMETRY_MS = 1_000;

/**
 * A QKD module without its hardware and without a clock: bytes and times in, bytes out. It begins with the block of
 * `startWallMs`.
 */
export class SimulatedModule {
  readonly #options: SimulatedModuleOptions;
  readonly #exchange: ModuleExchange;
  readonly #channel: ModuleChannel;
  /** Numbers that one block takes. */
  readonly #numbers: number;
  readonly #framing: Framing;
  readonly #write: (frame: Buffer) => void;
  readonly #counts = { openings: 0, sent: 0, stored: 0, refused: 0, overflow: 0, zeroized: 0 };
  /** Of the block to make next, counted from 0: not its number. */
  #next: number;
  #running = true;
  #identified = 0;
  #nowMs = 0;
  #skipped = 0;
  #malformed = 0;
  #telemetryMs = Number.NEGATIVE_INFINITY;

  /** @param write takes a frame or report, which becomes its own, and wipes it when it is sent */
  constructor(options: SimulatedModuleOptions, write: (frame: Buffer) => void) {
    this.#framing = options.framing ?? new StreamFraming();
    this.#options = options;
    this.#write = write;
    this.#exchange = new ModuleExchange(options.identity, options.bufferBlocks);
    this.#numbers = Math.ceil(options.identity.maxBlockBytes / limits.blockBytesMax);
    this.#channel = new ModuleChannel(options.moduleKey, () => freshSecret(options.entropy), this.#onChannel);
    this.#next = Math.max(0, options.source.newestAt(options.startWallMs));
  }

  start(): void {
    for (const bytes of this.#framing.begin()) this.#write(bytes);
    this.#channel.started();
  }

  /** Bytes from the agent; `chunk` is wiped. */
  receive(chunk: Uint8Array, nowMs: number): void {
    this.#nowMs = nowMs;
    this.#framing.push(chunk, (message) => this.#channel.message(message));
  }

  /** Makes the blocks that have come to be, and telemetry once a second. */
  tick(nowMs: number, wallMs: number): void {
    const newest = this.#options.source.newestAt(wallMs);
    const oldestThatFits = newest - this.#options.bufferBlocks + 1;
    if (this.#next < oldestThatFits) {
      this.#skipped += oldestThatFits - this.#next;
      this.#next = oldestThatFits;
    }
    for (; this.#next <= newest; this.#next++) if (this.#running) this.#make(this.#next);
    this.#run({ type: 'tick', nowMs });
    if (nowMs - this.#telemetryMs < TELEMETRY_MS) return;
    this.#telemetryMs = nowMs;
    const { qber, skr } = this.#options;
    const status = this.#running ? 'active' : 'passive';
    this.#run({ type: 'telemetry', telemetry: { qber, skr: this.#running ? skr : 0, status } });
  }

  get status(): SimulatedModuleStatus {
    const { overflow, ...counts } = this.#counts;
    return {
      open: this.#exchange.isOpen,
      ...counts,
      held: this.#exchange.heldBlocks,
      dropped: overflow + this.#skipped,
      running: this.#running,
      identified: this.#identified,
      faults: this.#framing.faultCount + this.#malformed + this.#channel.dropped,
    };
  }

  stop(): void {
    this.#exchange.wipe();
    this.#channel.wipe();
  }

  readonly #onChannel = (effect: ModuleChannelEffect): void => {
    if (effect.type === 'send') this.#writeMessage(effect.message);
    else if (effect.type === 'opened') this.#run({ type: 'started' });
    else this.#envelope(effect.bytes);
  };

  #envelope(bytes: Buffer): void {
    const decoded = decodeAgentMessage(bytes);
    if (decoded.kind === 'message') {
      this.#run({ type: 'message', message: decoded.message, nowMs: this.#nowMs });
    } else if (decoded.kind === 'malformed') this.#malformed += 1;
  }

  #make(index: number): void {
    const bytes = this.#options.source.block(index);
    const { corruptEvery, qber } = this.#options;
    if (corruptEvery > 0 && index % corruptEvery === 0) bytes.view()[0]! ^= 0x80;
    this.#run({ type: 'block', number: index * this.#numbers, bytes, qber });
  }

  #command(action: Action): { readonly outcome: Outcome; readonly text: string } {
    if (action === 'identify') {
      this.#identified += 1;
      return { outcome: 'done', text: 'a simulated light blinks' };
    }
    if (action === 'self_test') return { outcome: 'not_supported', text: 'nothing to test in a simulation' };
    this.#running = action === 'start';
    return { outcome: 'done', text: this.#running ? 'makes key' : 'makes no key' };
  }

  #run(event: ModuleEvent): void {
    for (const effect of this.#exchange.handle(event)) {
      if (effect.type === 'send') this.#send(effect.message);
      else if (effect.type === 'command') {
        this.#run({ type: 'command_result', token: effect.token, ...this.#command(effect.action) });
      } else if (effect.type === 'opened') this.#counts.openings += 1;
      else if (effect.type === 'forgot') this.#counts[effect.why] += 1;
    }
  }

  #send(message: ModuleMessage): void {
    if (message.type === 'key_block' && (message.part?.offset ?? 0) === 0) this.#counts.sent += 1;
    const envelope = encodeMessage(message);
    const sealed = this.#channel.seal(envelope);
    envelope.fill(0);
    if (sealed === undefined) return;
    this.#writeMessage(sealed);
    sealed.fill(0);
  }

  #writeMessage(message: Buffer): void {
    for (const bytes of this.#framing.encode(message)) this.#write(bytes);
  }
}

function freshSecret(entropy: Entropy): SecretBytes {
  const secret = SecretBytes.alloc(32);
  entropy.fill(secret.view());
  return secret;
}
