import { SYNC_UNITS } from '../keys/block-rule.ts';
import { limits } from '../limits.ts';
import { unitsIn } from '../store/block.ts';
import { healthFault } from './health-tests.ts';

export type RefusalCode =
  | 'qber'
  | 'qber_unknown'
  | 'length'
  | 'number'
  | 'overlap'
  | 'long_gone'
  | 'repetition'
  | 'proportion'
  | 'suspect';

/** Why a block is never kept. `text` tells its reader nothing about the key. */
export type Refusal = { readonly code: RefusalCode; readonly text: string };

export type GatedBlock = {
  readonly number: number;
  /** Lent for the call. */
  readonly bytes: Uint8Array;
  /** Quantum bit error rate as a fraction: the block's own, or else the last that the module told in this opening. */
  readonly qber: number | undefined;
};

/** Numbers that a raw key block of `bytes` bytes takes: one for each 2²⁰ bytes begun, so that both ends cut it alike. */
export function numbersOf(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / limits.blockBytesMax));
}

/** Looks at the raw key blocks of one link before anything is stored of them. */
export class QualityGate {
  readonly #qberMax: number | undefined;
  /** Blocks of late, and how many numbers each takes; bounded, the oldest goes first. */
  readonly #late = new Map<number, number>();

  /** @param qberMax fraction; undefined when the error rate does not count */
  constructor(qberMax: number | undefined) {
    this.#qberMax = qberMax;
  }

  /** Whether a block cannot be judged for want of its QBER. */
  needs(qber: number | undefined): boolean {
    return this.#qberMax !== undefined && qber === undefined;
  }

  /** Why `block` is to be refused; undefined when it may be kept, and then its numbers are taken. */
  judge(block: GatedBlock): Refusal | undefined {
    const refusal =
      this.#qberRefusal(block.qber) ??
      lengthRefusal(block.bytes.length) ??
      this.#numberRefusal(block.number, numbersOf(block.bytes.length)) ??
      healthRefusal(block.bytes);
    if (refusal === undefined) this.#remember(block.number, numbersOf(block.bytes.length));
    return refusal;
  }

  #qberRefusal(qber: number | undefined): Refusal | undefined {
    if (this.#qberMax === undefined) return undefined;
    if (qber === undefined) {
      return {
        code: 'qber_unknown',
        text: 'its quantum bit error rate is not known, and the link has a limit',
      };
    }
    if (qber <= this.#qberMax) return undefined;
    return {
      code: 'qber',
      text: `its quantum bit error rate of ${qber} is above the limit, ${this.#qberMax}`,
    };
  }

  #numberRefusal(number: number, count: number): Refusal | undefined {
    if (number + count - 1 > limits.blockNumberMax) {
      return { code: 'number', text: 'its numbers go beyond the greatest' };
    }
    for (let i = 1 - numbersOf(limits.bridgeBlockBytesMax); i < count; i++) {
      const other = this.#late.get(number + i);
      // The same block may come again until its answer has arrived.
      if (other === undefined || (i === 0 && other === count)) continue;
      if (i >= 0 || other > -i) {
        return { code: 'overlap', text: `its numbers overlap those of block ${number + i}` };
      }
    }
    return undefined;
  }

  #remember(number: number, count: number): void {
    this.#late.delete(number);
    this.#late.set(number, count);
    if (this.#late.size > limits.gateBlocksRemembered) this.#late.delete(this.#late.keys().next().value!);
  }
}

function lengthRefusal(bytes: number): Refusal | undefined {
  if (unitsIn(bytes) <= SYNC_UNITS + 1) {
    return { code: 'length', text: 'shorter than four KMA-keys, so that nothing would be left of it' };
  }
  if (bytes > limits.bridgeBlockBytesMax) return { code: 'length', text: 'longer than a block may be' };
  return undefined;
}

function healthRefusal(bytes: Uint8Array): Refusal | undefined {
  const fault = healthFault(bytes);
  if (fault === undefined) return undefined;
  const text =
    fault === 'repetition' ? 'the same byte comes too often in a row' : 'one byte comes too often in it';
  return { code: fault, text: `it fails a health test: ${text}` };
}
