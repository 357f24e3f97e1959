import { limits } from '../../limits.ts';
import type { KxHeader } from './header.ts';
import { copied, giveMemory, takeMemory } from './slots.ts';

const HEADER = limits.kxHeaderBytes;

/**
 * A frame (Q.4163 Figure I.1). A reader lends it, always the same object, until the next one is read; what is kept is its keeper's own. What
 * is kept has room behind it for a hop entry, and lies where the codec works on it without a copy.
 */
export class Frame implements KxHeader, Disposable {
  version = 0;
  messageId = 0;
  command = 0;
  /** Bytes of the payload. */
  length = 0;
  #memory: Buffer | undefined;
  #at = 0;
  #payload: Buffer | undefined;
  #giveUp: (() => Buffer) | undefined;
  /** The payload of the last frame that was gathered, and the slot in which it lay. */
  #slotView: Buffer | undefined;
  #slot: Buffer | undefined;

  /** Says where the frame stands whose header is in the fields: `memory` is only a view. */
  place(memory: Buffer, at: number): this {
    this.#memory = memory;
    this.#at = at;
    this.#payload = undefined;
    this.#giveUp = undefined;
    return this;
  }

  /**
   * The same for a frame at the beginning of a slot of its reader's. Many are of one length: they share a view, for making it costs more than
   * finding the frame.
   * @param giveUp the reader's way to hand over `memory` as a whole
   */
  placeGathered(memory: Buffer, giveUp: () => Buffer): this {
    if (this.#slot !== memory || this.#slotView?.length !== this.length) {
      this.#slot = memory;
      this.#slotView = memory.subarray(HEADER, HEADER + this.length);
    }
    this.#memory = memory;
    this.#at = 0;
    this.#payload = this.#slotView;
    this.#giveUp = giveUp;
    return this;
  }

  /** Reads the header at `at`. */
  readHeader(bytes: Buffer, at: number): void {
    this.version = (bytes[at]! << 8) | bytes[at + 1]!;
    this.messageId =
      ((bytes[at + 2]! << 24) | (bytes[at + 3]! << 16) | (bytes[at + 4]! << 8) | bytes[at + 5]!) >>> 0;
    this.command = (bytes[at + 6]! << 8) | bytes[at + 7]!;
    this.length = (bytes[at + 8]! << 8) | bytes[at + 9]!;
  }

  /** The frame that is the whole of `bytes`, which are only lent. */
  static of(bytes: Buffer): Frame {
    const frame = new Frame();
    frame.readHeader(bytes, 0);
    return frame.place(bytes, 0);
  }

  get header(): KxHeader {
    return this;
  }

  /** A view, good as long as the frame is. */
  get headerBytes(): Buffer {
    return this.#memory!.subarray(this.#at, this.#at + HEADER);
  }

  /** A view, good as long as the frame is. */
  get payload(): Buffer {
    this.#payload ??= this.#memory!.subarray(this.#at + HEADER, this.#at + HEADER + this.length);
    return this.#payload;
  }

  /** The frame as the caller's own: copied, unless its reader has gathered it and does not need that memory. Dispose of it. */
  keep(): Frame {
    if (this.#giveUp !== undefined) {
      const memory = this.#giveUp();
      // Kept again, it is copied as any other.
      this.#giveUp = undefined;
      return Frame.of(memory);
    }
    const size = HEADER + this.length;
    const memory = takeMemory(size + limits.hopEntryBytesMax);
    memory.set(this.#memory!.subarray(this.#at, this.#at + size));
    copied.bytes += size;
    return Frame.of(memory);
  }

  /** Only the first `length` bytes of the payload are left. */
  shorten(length: number): void {
    this.#payload = this.payload.subarray(0, length);
  }

  /** The memory of a frame that was kept, for the caller to give back; the frame is done with. */
  takeMemory(): Buffer {
    const memory = this.#memory!;
    this.#memory = undefined;
    return memory;
  }

  /** Overwrites the frame where it lies. */
  wipe(): void {
    this.#memory?.fill(0, this.#at, this.#at + HEADER + this.length);
  }

  /** Of a frame that was kept: wipes it. */
  [Symbol.dispose](): void {
    if (this.#memory !== undefined) giveMemory(this.takeMemory().subarray(0, HEADER + this.length));
  }
}
