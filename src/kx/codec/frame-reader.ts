import { limits } from '../../limits.ts';
import { KX_VERSION, type KxHeader, readHeader } from './header.ts';

export type Pull =
  | { readonly kind: 'need-more' }
  /** `header` bytes and `payload` bytes are views: yours until you drop them, and no other frame shares them. */
  | {
      readonly kind: 'frame';
      readonly header: KxHeader;
      readonly headerBytes: Buffer;
      readonly payload: Buffer;
    }
  /** Sticky: the stream cannot be trusted any more and must be closed. */
  | { readonly kind: 'bad'; readonly reason: 'version' | 'command' };

const NEED_MORE: Pull = { kind: 'need-more' };

/**
 * Cuts a Kx byte stream into frames (Q.4163 Appendix I). A frame that lies in one chunk is a view of it; a frame over
 * several chunks is gathered once into memory of its own, of exactly its size. Memory is bounded by one frame.
 */
export class FrameReader {
  readonly #isCommand: (code: number) => boolean;
  #chunk: Buffer = Buffer.alloc(0);
  #at = 0;
  #gathered: Buffer | undefined;
  #filled = 0;
  #bad: Pull | undefined;

  /** @param isCommand which command codes this peer may send; checked before the payload is awaited */
  constructor(isCommand: (code: number) => boolean) {
    this.#isCommand = isCommand;
  }

  /** Takes ownership of `chunk`. Call `pull()` until it needs more before the next push. */
  push(chunk: Buffer): void {
    this.#chunk = chunk;
    this.#at = 0;
  }

  pull(): Pull {
    if (this.#bad !== undefined) return this.#bad;
    if (this.#gathered !== undefined) return this.#gather(this.#gathered);
    const left = this.#chunk.length - this.#at;
    if (left === 0) return NEED_MORE;
    if (left < limits.kxHeaderBytes) return this.#gather(Buffer.alloc(limits.kxHeaderBytes));
    const header = readHeader(this.#chunk, this.#at);
    const fault = this.#check(header);
    if (fault !== undefined) return fault;
    const size = limits.kxHeaderBytes + header.length;
    if (left < size) return this.#gather(Buffer.alloc(size));
    const frame = this.#chunk.subarray(this.#at, this.#at + size);
    this.#at += size;
    return whole(header, frame);
  }

  // Fills `into`, first to the header and then, once the length is known and believed, to the whole frame.
  #gather(into: Buffer): Pull {
    const take = Math.min(into.length - this.#filled, this.#chunk.length - this.#at);
    this.#chunk.copy(into, this.#filled, this.#at, this.#at + take);
    this.#at += take;
    this.#filled += take;
    this.#gathered = into;
    if (this.#filled < into.length) return NEED_MORE;
    const header = readHeader(into, 0);
    const fault = this.#check(header);
    if (fault !== undefined) return fault;
    const size = limits.kxHeaderBytes + header.length;
    if (into.length < size) {
      const larger = Buffer.alloc(size);
      into.copy(larger);
      return this.#gather(larger);
    }
    this.#gathered = undefined;
    this.#filled = 0;
    return whole(header, into);
  }

  #check(header: KxHeader): Pull | undefined {
    if (header.version !== KX_VERSION) this.#bad = { kind: 'bad', reason: 'version' };
    else if (!this.#isCommand(header.command)) this.#bad = { kind: 'bad', reason: 'command' };
    return this.#bad;
  }
}

function whole(header: KxHeader, frame: Buffer): Pull {
  return {
    kind: 'frame',
    header,
    headerBytes: frame.subarray(0, limits.kxHeaderBytes),
    payload: frame.subarray(limits.kxHeaderBytes),
  };
}
