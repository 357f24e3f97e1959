import { assert } from '../src/errors.ts';
import { SecretBytes } from '../src/secret/secret-bytes.ts';
import type { KeyBlock } from './message.ts';

export type WholeBlock = {
  readonly number: number;
  readonly bytes: SecretBytes;
  readonly qber?: number;
};

export type PartVerdict =
  /** Whoever gets it owns the bytes. */
  | { readonly kind: 'whole'; readonly block: WholeBlock }
  | { readonly kind: 'more' }
  /** A part before it was lost on the line. */
  | { readonly kind: 'lost'; readonly reason: string }
  /** No sound module sends it. */
  | { readonly kind: 'fault'; readonly reason: string };

type Gathering = WholeBlock & { length: number };

/** Puts the parts of blocks together, one block at a time: memory is one longest block, whatever arrives. */
export class BlockParts {
  readonly #partBytes: number;
  readonly #blockBytesMax: number;
  #gathering: Gathering | undefined;

  /** @param partBytes every part but a block's last has so many */
  constructor(partBytes: number, blockBytesMax: number) {
    this.#partBytes = partBytes;
    this.#blockBytesMax = blockBytesMax;
  }

  /** Parts of a longest block. */
  get partsMax(): number {
    return this.partsOf(this.#blockBytesMax);
  }

  /** Parts of a block of `bytes` bytes. */
  partsOf(bytes: number): number {
    return Math.ceil(bytes / this.#partBytes);
  }

  /** Takes `message.bytes` over, whatever the verdict. */
  take(message: KeyBlock): PartVerdict {
    const fault = this.#fault(message);
    const lost = fault === undefined ? this.#lost(message) : undefined;
    const { number, bytes, part, qber } = message;
    if (fault === undefined && lost === undefined) {
      if (part === undefined || part.total === bytes.length) {
        return { kind: 'whole', block: { number, bytes, ...(qber !== undefined && { qber }) } };
      }
      return this.#add(message, part);
    }
    bytes.wipe();
    return fault !== undefined
      ? { kind: 'fault', reason: fault }
      : { kind: 'lost', reason: lost ?? 'a part' };
  }

  wipe(): void {
    this.#gathering?.bytes.wipe();
    this.#gathering = undefined;
  }

  #fault({ number, bytes, part }: KeyBlock): string | undefined {
    const total = part?.total ?? bytes.length;
    if (total > this.#blockBytesMax) return `block ${number} has ${total} bytes, more than it said`;
    const last = part === undefined || part.offset + bytes.length === part.total;
    if (bytes.length > this.#partBytes || (!last && bytes.length !== this.#partBytes)) {
      return `a part of block ${number} has ${bytes.length} bytes, and a part is ${this.#partBytes}`;
    }
    return undefined;
  }

  #lost({ number, part, bytes }: KeyBlock): string | undefined {
    const before = this.#gathering;
    const offset = part?.offset ?? 0;
    if (before === undefined) return offset === 0 ? undefined : `the beginning of block ${number}`;
    const next = number === before.number && offset === before.length && part?.total === before.bytes.length;
    if (!next) return `a part of block ${before.number}`;
    assert(before.length + bytes.length <= before.bytes.length, 'parts longer than their block');
    return undefined;
  }

  #add({ number, bytes, qber }: KeyBlock, { total }: { readonly total: number }): PartVerdict {
    const gathering = this.#gathering ?? {
      number,
      bytes: SecretBytes.alloc(total),
      length: 0,
      ...(qber !== undefined && { qber }),
    };
    this.#gathering = gathering;
    bytes.view().copy(gathering.bytes.view(), gathering.length);
    gathering.length += bytes.length;
    bytes.wipe();
    if (gathering.length < total) return { kind: 'more' };
    this.#gathering = undefined;
    const { length: _, ...block } = gathering;
    return { kind: 'whole', block };
  }
}
