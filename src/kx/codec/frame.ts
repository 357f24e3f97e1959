import { limits } from '../../limits.ts';
import type { KxHeader } from './header.ts';
import { giveMemory, takeMemory } from './slots.ts';

/**
 * A frame (Q.4163 Figure I.1) in memory that its reader lends until the next frame is read, or that is its keeper's own. What is kept has
 * room behind it for a hop entry, and lies where the codec works on it without a copy.
 */
export class Frame implements Disposable {
  readonly header: KxHeader;
  /** Header and payload, views: good as long as the frame is. */
  readonly headerBytes: Buffer;
  payload: Buffer;
  #memory: Buffer | undefined;
  readonly #giveUp: (() => Buffer) | undefined;

  private constructor(header: KxHeader, memory: Buffer, giveUp: (() => Buffer) | undefined) {
    this.header = header;
    this.headerBytes = memory.subarray(0, limits.kxHeaderBytes);
    this.payload = memory.subarray(limits.kxHeaderBytes, limits.kxHeaderBytes + header.length);
    this.#memory = memory;
    this.#giveUp = giveUp;
  }

  /**
   * @param memory begins with the frame
   * @param giveUp the reader's way to hand over `memory` as a whole, which it has gathered in a slot; without it `memory` is only a view
   */
  static lent(header: KxHeader, memory: Buffer, giveUp?: () => Buffer): Frame {
    return new Frame(header, memory, giveUp);
  }

  /** The frame as the caller's own: copied, unless its reader has gathered it and does not need that memory. Dispose of it. */
  keep(): Frame {
    if (this.#giveUp !== undefined) return new Frame(this.header, this.#giveUp(), undefined);
    const size = limits.kxHeaderBytes + this.header.length;
    const memory = takeMemory(size + limits.hopEntryBytesMax);
    memory.set(this.#memory!.subarray(0, size));
    return new Frame(this.header, memory, undefined);
  }

  /** Only the first `length` bytes of the payload are left. */
  shorten(length: number): void {
    this.payload = this.payload.subarray(0, length);
  }

  /** The memory of a frame that was kept, for the caller to give back; the frame is done with. */
  takeMemory(): Buffer {
    const memory = this.#memory!;
    this.#memory = undefined;
    return memory;
  }

  /** Of a frame that was kept: wipes it. */
  [Symbol.dispose](): void {
    if (this.#memory !== undefined) giveMemory(this.takeMemory());
  }
}
