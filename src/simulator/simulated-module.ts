import { decodeAgentMessage } from '../../firmware-bridge/decode.ts';
import { encodeMessage } from '../../firmware-bridge/encode.ts';
import { DELIMITER, encodeFrame, FrameDecoder } from '../../firmware-bridge/framing.ts';
import type { ModuleMessage } from '../../firmware-bridge/message.ts';
import {
  type ModuleEvent,
  ModuleExchange,
  type ModuleIdentity,
} from '../../firmware-bridge/module-exchange.ts';
import type { BlockSource } from './block-source.ts';

export type SimulatedModuleOptions = {
  readonly identity: ModuleIdentity;
  readonly source: BlockSource;
  readonly bufferBlocks: number;
  /** Fraction. */
  readonly qber: number;
  /** bit/s */
  readonly skr: number;
  /** Inverts the first bit of every block whose number divides by it: what the two ends hold then differs. 0 for never. */
  readonly corruptEvery: number;
  readonly startWallMs: number;
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
  readonly #decoder = new FrameDecoder();
  readonly #write: (frame: Buffer) => void;
  readonly #counts = { openings: 0, sent: 0, stored: 0, refused: 0, overflow: 0, zeroized: 0 };
  #next: number;
  #skipped = 0;
  #malformed = 0;
  #telemetryMs = Number.NEGATIVE_INFINITY;

  /** @param write takes a frame, which becomes its own, and wipes it when it is sent */
  constructor(options: SimulatedModuleOptions, write: (frame: Buffer) => void) {
    this.#options = options;
    this.#write = write;
    this.#exchange = new ModuleExchange(options.identity, options.bufferBlocks);
    this.#next = Math.max(0, options.source.newestAt(options.startWallMs));
  }

  start(): void {
    this.#write(Buffer.of(DELIMITER));
    this.#run({ type: 'started' });
  }

  /** Bytes from the agent; `chunk` is wiped. */
  receive(chunk: Uint8Array, nowMs: number): void {
    this.#decoder.push(chunk, (bytes) => {
      const decoded = decodeAgentMessage(bytes);
      if (decoded.kind === 'message') this.#run({ type: 'message', message: decoded.message, nowMs });
      else if (decoded.kind === 'malformed') this.#malformed += 1;
    });
  }

  /** Makes the blocks that have come to be, and telemetry once a second. */
  tick(nowMs: number, wallMs: number): void {
    const newest = this.#options.source.newestAt(wallMs);
    const oldestThatFits = newest - this.#options.bufferBlocks + 1;
    if (this.#next < oldestThatFits) {
      this.#skipped += oldestThatFits - this.#next;
      this.#next = oldestThatFits;
    }
    for (; this.#next <= newest; this.#next++) this.#make(this.#next);
    this.#run({ type: 'tick', nowMs });
    if (nowMs - this.#telemetryMs < TELEMETRY_MS) return;
    this.#telemetryMs = nowMs;
    this.#run({ type: 'telemetry', telemetry: { qber: this.#options.qber, skr: this.#options.skr } });
  }

  get status(): SimulatedModuleStatus {
    const { overflow, ...counts } = this.#counts;
    return {
      open: this.#exchange.isOpen,
      ...counts,
      held: this.#exchange.heldBlocks,
      dropped: overflow + this.#skipped,
      faults: this.#decoder.faultCount + this.#malformed,
    };
  }

  stop(): void {
    this.#exchange.wipe();
  }

  #make(number: number): void {
    const bytes = this.#options.source.block(number);
    const { corruptEvery } = this.#options;
    if (corruptEvery > 0 && number % corruptEvery === 0) bytes.view()[0]! ^= 0x80;
    this.#run({ type: 'block', number, bytes });
  }

  #run(event: ModuleEvent): void {
    for (const effect of this.#exchange.handle(event)) {
      if (effect.type === 'send') this.#send(effect.message);
      else if (effect.type === 'opened') this.#counts.openings += 1;
      else if (effect.type === 'forgot') this.#counts[effect.why] += 1;
    }
  }

  #send(message: ModuleMessage): void {
    if (message.type === 'key_block') this.#counts.sent += 1;
    const bytes = encodeMessage(message);
    const frame = encodeFrame(bytes);
    bytes.fill(0);
    this.#write(frame);
  }
}
