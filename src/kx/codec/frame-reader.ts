import { limits } from '../../limits.ts';
import { Frame } from './frame.ts';
import { KX_VERSION, type KxHeader, readHeader } from './header.ts';
import { giveMemory, takeMemory } from './slots.ts';

export type Pull =
  | { readonly kind: 'need-more' }
  /** Good until the next `pull()` or `push()`, unless it is kept. */
  | { readonly kind: 'frame'; readonly frame: Frame }
  /** Sticky: the stream cannot be trusted any more and must be closed. */
  | { readonly kind: 'bad'; readonly reason: 'version' | 'command' };

const NEED_MORE: Pull = { kind: 'need-more' };
const HEADER = limits.kxHeaderBytes;
const KEPT_BYTES = 2 << 10;

/**
 * Cuts a Kx byte stream into frames (Q.4163 Appendix I). A frame that lies in one chunk is a view of it; a frame over several chunks is
 * gathered once, in memory that is taken when its header is there and believed, and used again for the next one.
 */
export class FrameReader implements Disposable {
  readonly #isCommand: (code: number) => boolean;
  readonly #wipes: boolean;
  #chunk: Buffer = Buffer.alloc(0);
  #at = 0;
  /** The header of the frame that is being gathered, as far as it is here. */
  readonly #head = Buffer.alloc(HEADER);
  #header: KxHeader | undefined;
  #memory: Buffer | undefined;
  #filled = 0;
  #lent: Buffer | undefined;
  #bad: Pull | undefined;
  /** Bytes of frames that were copied to be gathered. */
  gatheredBytes = 0;

  /**
   * @param isCommand which command codes this peer may send; checked before the payload is awaited
   * @param wipes whether a frame is overwritten when its time is over: for key in the clear, and to find out who looks at it too late
   */
  constructor(isCommand: (code: number) => boolean, wipes = false) {
    this.#isCommand = isCommand;
    this.#wipes = wipes;
  }

  /** Takes ownership of `chunk`. Call `pull()` until it needs more before the next push. */
  push(chunk: Buffer): void {
    this.#expire();
    this.#chunk = chunk;
    this.#at = 0;
  }

  pull(): Pull {
    if (this.#lent !== undefined) this.#expire();
    if (this.#bad !== undefined) return this.#bad;
    if (this.#filled > 0) return this.#gather();
    const left = this.#chunk.length - this.#at;
    if (left < HEADER) return left === 0 ? NEED_MORE : this.#gather();
    const header = readHeader(this.#chunk, this.#at);
    if (!this.#believe(header)) return this.#bad!;
    const size = HEADER + header.length;
    if (left < size) return this.#gather();
    const view = this.#chunk.subarray(this.#at, this.#at + size);
    this.#at += size;
    if (this.#wipes) this.#lent = view;
    return { kind: 'frame', frame: Frame.lent(header, view) };
  }

  /** Whether a frame has begun that is not whole yet. */
  get unfinished(): boolean {
    return this.#filled > 0;
  }

  /** The connection is over: gives back the memory. */
  [Symbol.dispose](): void {
    this.#expire();
    this.#giveBack();
    this.#filled = 0;
    this.#chunk = Buffer.alloc(0);
    this.#at = 0;
  }

  // First to the header and then, once the length is known and believed, to the whole frame.
  #gather(): Pull {
    if (this.#header === undefined) {
      this.#fill(this.#head, HEADER);
      if (this.#filled < HEADER) return NEED_MORE;
      const header = readHeader(this.#head, 0);
      if (!this.#believe(header)) return this.#bad!;
      this.#header = header;
      this.#prepare(HEADER + header.length + limits.hopEntryBytesMax);
    }
    const header = this.#header;
    const memory = this.#memory!;
    this.#fill(memory, HEADER + header.length);
    if (this.#filled < HEADER + header.length) return NEED_MORE;
    this.gatheredBytes += this.#filled;
    this.#header = undefined;
    this.#filled = 0;
    this.#lent = memory;
    return { kind: 'frame', frame: Frame.lent(header, memory, () => this.#giveUp(memory)) };
  }

  #prepare(size: number): void {
    if (this.#memory !== undefined && this.#memory.length < size) this.#giveBack();
    this.#memory ??= takeMemory(size);
    this.#memory.set(this.#head);
  }

  #fill(into: Buffer, size: number): void {
    const from = this.#at;
    const take = Math.min(size - this.#filled, this.#chunk.length - from);
    copy(this.#chunk, from, take, into, this.#filled);
    this.#at = from + take;
    this.#filled += take;
  }

  #giveUp(memory: Buffer): Buffer {
    this.#memory = undefined;
    this.#lent = undefined;
    return memory;
  }

  #expire(): void {
    if (this.#wipes) this.#lent?.fill(0);
    this.#lent = undefined;
    // A long slot is not for one connection to hold while it waits.
    if (this.#memory !== undefined && this.#filled === 0 && this.#memory.length > KEPT_BYTES)
      this.#giveBack();
  }

  #giveBack(): void {
    if (this.#memory !== undefined) giveMemory(this.#memory);
    this.#memory = undefined;
  }

  #believe({ version, command }: KxHeader): boolean {
    if (version !== KX_VERSION) this.#bad = { kind: 'bad', reason: 'version' };
    else if (!this.#isCommand(command)) this.#bad = { kind: 'bad', reason: 'command' };
    return this.#bad === undefined;
  }
}

// A call into the runtime costs more than a few bytes by hand.
function copy(source: Buffer, from: number, length: number, target: Buffer, at: number): void {
  if (length > 48) target.set(source.subarray(from, from + length), at);
  else for (let i = 0; i < length; i++) target[at + i] = source[from + i]!;
}
