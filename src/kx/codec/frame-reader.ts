import { limits } from '../../limits.ts';
import { Frame } from './frame.ts';
import { KX_VERSION } from './header.ts';
import { copied, giveMemory, takeMemory } from './slots.ts';

const HEADER = limits.kxHeaderBytes;
/** A longer slot is not for one connection to hold while it waits. */
const KEPT_BYTES = 2 << 10;
const NOTHING = Buffer.alloc(0);
const [VERSION_HIGH, VERSION_LOW] = [KX_VERSION >> 8, KX_VERSION & 0xff];
const COMMANDS = 0x1100;

/** For tests: every frame is overwritten when its time is over, so that who looks at it too late is found out. */
export const expiredFrames = { poisoned: false };

/** Why a stream cannot be trusted any more. */
export type FrameFault = 'version' | 'command';

/**
 * Cuts a Kx byte stream into frames (Q.4163 Appendix I). A frame that lies in one chunk is a view of it; a frame over several chunks is
 * gathered once, in memory that is taken when its header is there and believed, and used again for the next one.
 */
export class FrameReader implements Disposable {
  /** By the second byte of a command code: whether this peer may send it. The first is the same in all (Q.4163 Table I.1). */
  readonly #allowed: Uint8Array;
  readonly #wipes: boolean;
  readonly #frame = new Frame();
  readonly #giveUp = () => this.#memoryGivenUp();
  #lent = false;
  #chunk: Buffer = NOTHING;
  #at = 0;
  /** Of the frame that is being gathered: its header as far as it is here, and the frame itself. */
  readonly #head = Buffer.alloc(HEADER);
  #memory: Buffer | undefined;
  #filled = 0;
  #fault: FrameFault | undefined;

  /**
   * @param isCommand which command codes this peer may send; checked before the payload is awaited
   * @param wipes whether a frame is overwritten when its time is over: key may lie in it in the clear
   */
  constructor(isCommand: (code: number) => boolean, wipes = false) {
    this.#allowed = Uint8Array.from({ length: 256 }, (_, low) => (isCommand(COMMANDS | low) ? 1 : 0));
    this.#wipes = wipes || expiredFrames.poisoned;
  }

  /** Sticky: the stream has to be closed. */
  get fault(): FrameFault | undefined {
    return this.#fault;
  }

  /** Whether a frame has begun that is not whole yet. */
  get unfinished(): boolean {
    return this.#filled > 0;
  }

  /** Takes ownership of `chunk`. Call `pull()` until it gives nothing before the next push. */
  push(chunk: Buffer): void {
    if (this.#lent) this.#expire();
    if (this.#wipes) this.#chunk.fill(0);
    this.#chunk = this.#fault === undefined ? chunk : NOTHING;
    this.#at = 0;
  }

  /** @returns the next frame, lent until the next `pull()` or `push()`; undefined when there is none yet, or after a fault */
  pull(): Frame | undefined {
    if (this.#lent) this.#expire();
    const chunk = this.#chunk;
    const at = this.#at;
    const left = chunk.length - at;
    if (left === 0) return undefined;
    if (this.#filled > 0 || left < HEADER) return this.#gather();
    if (!this.#believes(chunk, at)) return undefined;
    const frame = this.#frame;
    frame.readHeader(chunk, at);
    const size = HEADER + frame.length;
    if (left < size) return this.#begin();
    this.#at = at + size;
    this.#lent = this.#wipes;
    return frame.place(chunk, at);
  }

  /** The connection is over: gives back the memory. */
  [Symbol.dispose](): void {
    if (this.#lent) this.#expire();
    this.#giveBack();
    this.#filled = 0;
    if (this.#wipes) this.#chunk.fill(0);
    this.#chunk = NOTHING;
    this.#at = 0;
  }

  // First to the header and then, once the length is known and believed, to the whole frame.
  #gather(): Frame | undefined {
    if (this.#filled >= HEADER) return this.#fill();
    while (this.#filled < HEADER && this.#at < this.#chunk.length)
      this.#head[this.#filled++] = this.#chunk[this.#at++]!;
    if (this.#filled < HEADER) return undefined;
    if (!this.#believes(this.#head, 0)) return undefined;
    this.#frame.readHeader(this.#head, 0);
    this.#prepare();
    this.#memory!.set(this.#head);
    return this.#fill();
  }

  // The header is in the chunk, and more of the frame; the rest will come.
  #begin(): undefined {
    this.#prepare();
    this.#fill();
    return undefined;
  }

  #prepare(): void {
    const size = HEADER + this.#frame.length + limits.hopEntryBytesMax;
    if (this.#memory !== undefined && this.#memory.length < size) this.#giveBack();
    this.#memory ??= takeMemory(size);
  }

  #fill(): Frame | undefined {
    const chunk = this.#chunk;
    const memory = this.#memory!;
    const size = HEADER + this.#frame.length;
    const filled = this.#filled;
    const at = this.#at;
    const left = chunk.length - at;
    if (left < size - filled) {
      // Mostly the chunk as a whole, for which no view has to be made.
      if (at === 0) memory.set(chunk, filled);
      else chunk.copy(memory, filled, at);
      this.#at = chunk.length;
      this.#filled = filled + left;
      return undefined;
    }
    chunk.copy(memory, filled, at, at + size - filled);
    this.#at = at + size - filled;
    copied.bytes += size;
    this.#filled = 0;
    this.#lent = this.#wipes || memory.length > KEPT_BYTES;
    return this.#frame.placeGathered(memory, this.#giveUp);
  }

  #memoryGivenUp(): Buffer {
    const memory = this.#memory!;
    this.#memory = undefined;
    this.#lent = false;
    return memory;
  }

  #expire(): void {
    this.#lent = false;
    if (this.#wipes) this.#frame.wipe();
    if (this.#filled === 0 && this.#memory !== undefined && this.#memory.length > KEPT_BYTES)
      this.#giveBack();
  }

  #giveBack(): void {
    if (this.#memory !== undefined) giveMemory(this.#memory);
    this.#memory = undefined;
  }

  // Nothing of a stream with a fault is read any more.
  #believes(bytes: Buffer, at: number): boolean {
    const isVersion = bytes[at] === VERSION_HIGH && bytes[at + 1] === VERSION_LOW;
    if (isVersion && bytes[at + 6] === COMMANDS >> 8 && this.#allowed[bytes[at + 7]!] === 1) return true;
    this.#fault = isVersion ? 'command' : 'version';
    this.#filled = 0;
    if (this.#wipes) this.#chunk.fill(0);
    this.#chunk = NOTHING;
    this.#at = 0;
    return false;
  }
}
