import { type BlockState, type EndReason, isLive } from '../keys/life-cycle.ts';
import { limits } from '../limits.ts';
import { readMarks } from './marks.ts';

export type Origin = 'link' | 'relay';

/** Where a block came from, for people: none of it decides anything. */
export type About = {
  /** ID of the QKD module, and of its link, as the module gives them. */
  readonly module?: string | undefined;
  readonly link?: string | undefined;
  /** Quantum bit error rate, a fraction. */
  readonly qber?: number | undefined;
  /** KMA IDs that a relayed block has passed, from its source on. */
  readonly path?: string | undefined;
};

/** What a block is when it comes in; the rest follows from its bytes. */
export type NewBlock = {
  readonly remote: string;
  readonly own: boolean;
  readonly number: number;
  readonly origin: Origin;
  readonly state: 'received' | 'ready';
  readonly first: number;
  readonly epoch: number;
  readonly about?: About;
};

/**
 * Stored or ready, once that is durable; or ended, and why: used no more, and being erased. `keys` can be used, or could have been until
 * now.
 */
export type BlockChange = {
  readonly what: 'stored' | 'ready' | 'ended';
  readonly block: Block;
  readonly keys: number;
  readonly state: BlockState;
  readonly reason?: EndReason | undefined;
};

/** One block of KMA-keys as the agent knows it while running; the key itself stays sealed on disk until it is used. */
export class Block {
  readonly id: number;
  /** The remote KMA that holds the same block. */
  readonly pool: string;
  /** Whether this node allocates from it (design rule 3). */
  readonly own: boolean;
  readonly number: number;
  readonly origin: Origin;
  readonly units: number;
  /** By the wall clock. */
  readonly createdMs: number;
  /** By the monotonic clock of this process; undefined of a block that an earlier one has stored. */
  arrivedMs: number | undefined;
  /** Where its sealed record begins in the block file, in granules; undefined when it is a row. */
  extent: number | undefined;
  state: BlockState;
  /** First unit that is for use; those before were spent on proof and ID secret. */
  first: number;
  epoch: number;
  /** Own blocks: units below are burnt on disk. */
  burntTo: number;
  /** Own blocks: the next unit to hand out, never above `burntTo`. */
  next: number;
  /** Their blocks: a bit for each unit that is burnt or about to be. Made at first use. */
  used: Uint8Array | undefined;
  usedCount = 0;
  /** Their blocks: since when (monotonic milliseconds) it has been known that the owner takes no more from it. */
  doneMs: number | undefined;

  constructor(row: Record<string, unknown>) {
    this.id = row['id'] as number;
    this.pool = row['pool'] as string;
    this.own = row['own'] === 1;
    this.number = row['number'] as number;
    this.origin = row['origin'] as Origin;
    this.units = row['units'] as number;
    this.createdMs = row['created_ms'] as number;
    this.extent = (row['extent'] as number | null | undefined) ?? undefined;
    this.state = row['state'] as BlockState;
    this.first = row['first'] as number;
    this.epoch = row['epoch'] as number;
    this.burntTo = (row['burnt_to'] as number | null) ?? this.first;
    this.next = this.burntTo;
    const marks = row['burnt_set'] as Uint8Array | null | undefined;
    this.used = marks == null ? undefined : readMarks(this.id, marks, this.units);
    for (const byte of this.used ?? []) this.usedCount += bitCount(byte);
  }

  /** What the sealed record is bound to. */
  get place(): string {
    return placeOfBlock(this.pool, this.own, this.number, this.units);
  }

  /** Its key is gone. */
  get ended(): boolean {
    return !isLive(this.state);
  }

  /** Units that may still be handed out or opened. */
  get left(): number {
    if (this.state !== 'ready') return 0;
    return this.own ? this.units - this.next : this.units - this.first - this.usedCount;
  }

  /** Their blocks: up to which unit, without that one, use is known. */
  get seenUpTo(): number {
    for (let i = this.usedCount === 0 ? -1 : this.units - 1; i >= 0; i--)
      if (this.used![i >> 3]! & (1 << (i & 7))) return i + 1;
    return 0;
  }

  /** Marks units of their block; false (and nothing marked) when one is out of range or was used before. */
  use(index: number, units: number): boolean {
    if (index < this.first || units < 1 || index + units > this.units) return false;
    this.used ??= new Uint8Array(Math.ceil(this.units / 8));
    for (let i = index; i < index + units; i++) if (this.used[i >> 3]! & (1 << (i & 7))) return false;
    for (let i = index; i < index + units; i++) this.used[i >> 3]! |= 1 << (i & 7);
    this.usedCount += units;
    return true;
  }

  /** Takes back a mark that never reached the disk, and whose bytes nobody saw. */
  unuse(index: number, units: number): void {
    for (let i = index; i < index + units; i++) this.used![i >> 3]! &= ~(1 << (i & 7));
    this.usedCount -= units;
  }
}

export function placeOfBlock(pool: unknown, own: boolean, number: unknown, units: unknown): string {
  return `block ${pool} ${own ? 'own' : 'their'} ${number} ${units}`;
}

/** Whole KMA-keys in a block of `bytes`; what is left over is not used. */
export function unitsIn(bytes: number): number {
  return Math.floor(bytes / limits.unitBytes);
}

function bitCount(byte: number): number {
  let count = 0;
  for (let rest = byte; rest !== 0; rest &= rest - 1) count += 1;
  return count;
}
