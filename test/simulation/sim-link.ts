import type { Random } from '../fuzz/random.ts';
import { type KeyLedger, linkOf } from './key-ledger.ts';
import type { SeededEntropy } from './seeded-entropy.ts';
import type { SimModule } from './sim-module.ts';
import type { Timeline } from './timeline.ts';

type LinkEnd = { readonly node: string; readonly module: SimModule };

/** How the modules of a link go wrong: of 100 blocks, so many. */
export type Misbehaviour = { lies: number; skips: number; repeats: number; late: number; floods: number };

/** Blocks that a module may repeat. */
const REMEMBERED = 20;
const UNIT_BYTES = 32;
const SPENT_BYTES = 2 * UNIT_BYTES;

/** A QKD link: its two modules come to hold the same block at the same time, if they are well. */
export class SimLink {
  readonly name: string;
  readonly ends: readonly [LinkEnd, LinkEnd];
  readonly #timeline: Timeline;
  readonly #random: Random;
  readonly #entropy: SeededEntropy;
  readonly #ledger: KeyLedger;
  readonly #units: number;
  readonly #suspectMs: number;
  readonly #recent: { readonly number: number; readonly end: LinkEnd; readonly bytes: Buffer }[] = [];
  readonly wrong: Misbehaviour = { lies: 0, skips: 0, repeats: 0, late: 0, floods: 0 };
  readonly #madeMs = new Map<number, number>();
  /** Blocks that a node has said it holds. */
  readonly #stored = new Map<string, Set<number>>();
  /** When an alarm began for which a node keeps key out of use. */
  readonly #heldMs = new Map<string, number>();
  #next = 0;
  made = 0;

  constructor(
    ends: readonly [LinkEnd, LinkEnd],
    parts: { timeline: Timeline; random: Random; entropy: SeededEntropy; ledger: KeyLedger },
    {
      units,
      everyMs,
      suspectMs,
    }: {
      units: number;
      everyMs: number;
      /** What is made so long before an alarm is suspect as well. */
      suspectMs: number;
    },
  ) {
    this.ends = ends;
    this.name = linkOf(ends[0].node, ends[1].node);
    this.#timeline = parts.timeline;
    this.#random = parts.random;
    this.#entropy = parts.entropy;
    this.#ledger = parts.ledger;
    this.#units = units;
    this.#suspectMs = suspectMs;
    const make = () => {
      const count = this.#goesWrong('floods') ? 30 : 1;
      for (let i = 0; i < count; i++) this.#make();
      this.#timeline.after(everyMs, make);
    };
    this.#timeline.after(everyMs, make);
  }

  /** Who is at the other end. */
  peerOf(node: string): string | undefined {
    const [one, other] = this.ends.map((end) => end.node);
    return node === one ? other : node === other ? one : undefined;
  }

  /** A node has said that it holds a block. */
  stored(node: string, number: number): void {
    const stored = this.#stored.get(node) ?? new Set();
    this.#stored.set(node, stored.add(number));
  }

  /** A node keeps key out of use that comes from now on. */
  held(node: string): void {
    this.#ledger.hold(this.name, node, this.#next);
    if (!this.#heldMs.has(node)) this.#heldMs.set(node, this.#timeline.nowMs);
  }

  /** It does so no more. */
  released(node: string): void {
    this.#ledger.release(this.name, node);
    this.#heldMs.delete(node);
  }

  /** Numbers of blocks that a node keeps out of use, among others. */
  suspects(node: string): number[] {
    const heldMs = this.#heldMs.get(node);
    if (heldMs === undefined) return [];
    return [...(this.#stored.get(node) ?? [])].filter(
      (number) => this.#madeMs.get(number)! >= heldMs - this.#suspectMs,
    );
  }

  /** A node has said that it has destroyed them. */
  discarded(node: string, numbers: readonly number[]): void {
    this.#ledger.discard(this.name, node, numbers);
  }

  /** A node has lost all that it held. */
  lost(node: string): void {
    this.released(node);
    this.#stored.delete(node);
    this.#ledger.lose(this.name, node);
  }

  /** Both modules are exchanged, and number their blocks on from there. */
  jump(by: number): void {
    this.#next += by;
  }

  #make(): void {
    const number = this.#next++;
    this.made += 1;
    this.#madeMs.set(number, this.#timeline.nowMs);
    // Not always whole KMA-keys.
    const bytes = Buffer.alloc(
      this.#units * UNIT_BYTES + (this.#random.once(4) ? this.#random.below(UNIT_BYTES) : 0),
    );
    this.#entropy.fill(bytes);
    for (const end of this.ends) {
      if (this.#goesWrong('skips')) continue;
      const own = Buffer.from(bytes);
      // Every other time in what is spent on proofs.
      const within = this.#random.once(2) ? SPENT_BYTES : own.length;
      if (this.#goesWrong('lies')) own[this.#random.below(within)]! ^= 1 << this.#random.below(8);
      this.#ledger.made(this.name, end.node, number, own);
      this.#hand(end, number, own);
    }
    if (this.#goesWrong('repeats')) this.#repeat();
  }

  // Blocks may come out of their order.
  #hand(end: LinkEnd, number: number, bytes: Buffer): void {
    this.#recent.push({ number, end, bytes });
    if (this.#recent.length > REMEMBERED) this.#recent.shift();
    const late = this.#goesWrong('late') ? this.#random.below(30_000) : 0;
    if (late === 0) end.module.block(number, bytes);
    else this.#timeline.after(late, () => end.module.block(number, bytes));
  }

  // Maybe one that was acknowledged long ago, and used.
  #repeat(): void {
    const { number, end, bytes } = this.#random.pick(this.#recent);
    this.#timeline.after(this.#random.below(60_000), () => end.module.block(number, bytes));
  }

  #goesWrong(how: keyof Misbehaviour): boolean {
    return this.wrong[how] > 0 && this.#random.below(100) < this.wrong[how];
  }
}
