import { limits } from '../../limits.ts';
import type { Frame } from './frame.ts';
import type { KeyTable } from './key-table.ts';
import { copied, giveMemory, takeMemory } from './slots.ts';

/**
 * A message on its way out: its payload up to where the hop entry goes, in memory that has room for the header before it and the entry
 * behind it. Who has it disposes of it, or hands its memory to a connection.
 */
export class Draft implements Disposable {
  #memory: Buffer | undefined;
  /** Bytes of the payload that are written. */
  readonly length: number;
  /** Where keys stand in it. */
  readonly keys: KeyTable | undefined;

  private constructor(memory: Buffer, length: number, keys: KeyTable | undefined) {
    this.#memory = memory;
    this.length = length;
    this.keys = keys;
  }

  /** Of text, which is copied. */
  static of(prefix: Uint8Array, keys?: KeyTable): Draft {
    const memory = takeMemory(limits.kxHeaderBytes + prefix.length + limits.hopEntryBytesMax);
    memory.set(prefix, limits.kxHeaderBytes);
    copied.bytes += prefix.length;
    return new Draft(memory, prefix.length, keys);
  }

  /** Of memory that `takeMemory` gave, with `length` bytes of payload behind the room for the header. */
  static in(memory: Buffer, length: number, keys: KeyTable | undefined): Draft {
    return new Draft(memory, length, keys);
  }

  /** Of the first `length` payload bytes of a frame that was kept, in its memory. */
  static from(frame: Frame, length: number, keys?: KeyTable): Draft {
    return new Draft(frame.takeMemory(), length, keys);
  }

  /** The payload so far, a view. */
  get payload(): Buffer {
    return this.#memory!.subarray(limits.kxHeaderBytes, limits.kxHeaderBytes + this.length);
  }

  /** All of the memory, header first, the caller's from now on. */
  takeMemory(): Buffer {
    const memory = this.#memory!;
    this.#memory = undefined;
    return memory;
  }

  [Symbol.dispose](): void {
    if (this.#memory !== undefined) giveMemory(this.takeMemory());
  }
}
