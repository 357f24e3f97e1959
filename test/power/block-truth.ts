import { limits } from '../../src/limits.ts';
import type { Block } from '../../src/store/block.ts';
import type { KeyStore } from '../../src/store/key-store.ts';
import type { Asked, BlockName } from './journal.ts';
import { knownKey, knownUnits, nameOf } from './known-key.ts';
import { KEY_UNITS_MAX, PLAIN } from './store-load.ts';

/** A window that was burnt ahead and lost in a crash. */
const AHEAD_LOST_MAX = limits.openAheadUnitsMax * 1.5;

type Insert = Extract<Asked, { op: 'insert' }>;
type Ready = { readonly first: number; readonly epoch: number };
/** A row of a block as it lies on the disk. */
export type Row = {
  readonly state: string;
  readonly burntTo: number | null;
  /** An own block whose epoch had to go for want of room. */
  readonly givenUp: boolean;
};

/** What must be true of one block, as far as is known from outside. */
export class BlockTruth {
  readonly name: BlockName;
  readonly label: string;
  readonly units: number;
  stored = false;
  /** As it was inserted, and each time it was to be made ready. */
  readonly readies: Ready[] = [];
  ready: Ready | undefined;
  ending = false;
  ended: string | undefined;
  /** Units that somebody was given. */
  readonly out: Uint8Array;
  /** Those of them whose mark the disk must hold, and those that may be marked there. */
  readonly burnt: Uint8Array;
  readonly askedFor: Uint8Array;

  constructor(asked: Insert) {
    this.name = asked;
    this.label = nameOf(asked.remote, asked.own, asked.number);
    this.units = asked.units;
    this.out = new Uint8Array(asked.units);
    this.burnt = new Uint8Array(asked.units);
    this.askedFor = new Uint8Array(asked.units);
  }

  get key(): Buffer {
    return knownKey(this.label, this.units * limits.unitBytes);
  }

  bytes(index: number, units: number): Buffer {
    return knownUnits(this.label, index, units);
  }

  /** What is wrong with the block as it is in use. */
  *faultsOfLive(block: Block, store: KeyStore): Iterable<string> {
    if (this.ended !== undefined) yield `${this.label} was ${this.ended} and is back`;
    if (!store.open.view(block).equals(this.key)) yield `${this.label} has other bytes`;
    if (block.state !== 'ready') {
      if (this.ready !== undefined) yield `${this.label} was ready and is ${block.state}`;
      if (this.out.includes(1)) yield `${this.label} was taken from and is ${block.state}`;
      return;
    }
    const fits = ({ first, epoch }: Ready) =>
      block.epoch === epoch && block.first === this.#usable(first, epoch);
    if (!(this.ready === undefined ? this.readies : [this.ready]).some(fits))
      yield `${this.label} is ready from ${block.first} in ${block.epoch}`;
    const marked = (unit: number): boolean =>
      block.own ? unit < block.next : ((block.used?.[unit >> 3] ?? 0) & (1 << (unit & 7))) !== 0;
    for (let unit = 0; unit < this.units; unit++)
      if (this.burnt[unit] === 1 && !marked(unit)) yield `${this.label}:${unit} was given out and is free`;
  }

  /** What is wrong with it when it is not in use any more. */
  *faultsOfGone(row: Row | undefined, lives: number): Iterable<string> {
    if (row === undefined) {
      if (this.stored) yield `${this.label} was acknowledged and is lost`;
      return;
    }
    if (row.state === 'received' || row.state === 'ready')
      yield `${this.label} is ${row.state} and not there`;
    if (this.ended !== undefined && row.state !== this.ended)
      yield `${this.label} was ${this.ended} and is ${row.state}`;
    if (this.ending || row.givenUp || this.#usedUp(row, lives)) return;
    yield `${this.label} is ${row.state}, and nobody has used it up or destroyed it`;
  }

  // Burnt to its end, but for what is too little for a key; or asked for as a whole, but for what a crash cost.
  #usedUp(row: Row, lives: number): boolean {
    const first = Math.max(0, ...this.readies.map(({ first, epoch }) => this.#usable(first, epoch)));
    if (this.name.own) return this.units - Math.max(first, row.burntTo ?? 0) < KEY_UNITS_MAX;
    const unasked = this.askedFor.subarray(first).filter((asked) => asked === 0).length;
    return unasked <= (this.name.remote === PLAIN ? lives * AHEAD_LOST_MAX : 0);
  }

  // A block that begins an epoch gives a unit for its ID secret.
  #usable(first: number, epoch: number): number {
    return epoch === this.name.number ? first + 1 : first;
  }
}
