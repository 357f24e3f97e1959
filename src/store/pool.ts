import type { SecretBytes } from '../secret/secret-bytes.ts';
import type { Block, Origin } from './block.ts';
import { Lowest } from './lowest.ts';
import { OpenAhead } from './open-ahead.ts';
import { type PoolPolicy, usualPolicy } from './pool-policy.ts';
import { cameSince, earlier, NEVER, type Since } from './since.ts';

/** Everything shared with one remote KMA: the blocks that this node allocates from, and those that the other does. */
export class Pool {
  readonly remote: string;
  policy: PoolPolicy = usualPolicy;
  readonly own = new Map<number, Block>();
  readonly theirs = new Map<number, Block>();
  /** Ready own blocks, in order of readiness. */
  readonly queue = new Set<Block>();
  /** Ready own blocks that are kept out of `queue` until `letGo`. */
  readonly heldBack = new Set<Block>();
  readonly idSecrets = { own: new Map<number, SecretBytes>(), theirs: new Map<number, SecretBytes>() };
  /** Blocks that have ended here, and not yet durably on the disk: after a crash they would be back. */
  readonly ending = new Set<Block>();
  /** Units of own blocks that can be handed out. */
  ownLeft = 0;
  /** Units of all blocks held, by direction: what the pool's hard maximum counts. */
  readonly held = { own: 0, theirs: 0 };
  /** Rises when everything shared before is given up, so that what was under way then is given up as well. */
  readonly generation = { own: 0, theirs: 0 };
  /** Blocks of theirs below this number are done: their owner has said that it takes no more from them. */
  theirFloor = 0;
  #heldFrom = NEVER;
  readonly #lowestOwn = new Lowest(this.own);
  /** By origin: relayed blocks are numbered from anywhere on, those of modules mostly from 0. */
  readonly #highest = { link: { own: -1, theirs: -1 }, relay: { own: -1, theirs: -1 } };
  /** Somebody asked for more own key than there was, since it was last looked at. */
  askedInVain = false;
  /** Burn stride, in units: grows while key is asked for quickly. */
  stride = 0;
  strideAtMs = 0;
  burning: Promise<void> | undefined;
  /** Who takes own key waits for a burn; those who came after that wait here, and are let in one by one. */
  taking = false;
  readonly waiting: { readonly units: number; readonly letIn: () => void }[] = [];
  /** Blocks of theirs: what is burnt before it is asked for. */
  readonly ahead = new OpenAhead();
  aheadMoving: Promise<void> | undefined;
  cancelAheadIdle: () => void = () => {};

  constructor(remote: string) {
    this.remote = remote;
  }

  /** What those who wait want. */
  get waitingUnits(): number {
    return this.waiting.reduce((sum, { units }) => sum + units, 0);
  }

  get heldUnits(): number {
    return this.held.own + this.held.theirs;
  }

  side(own: boolean): Map<number, Block> {
    return own ? this.own : this.theirs;
  }

  secrets(own: boolean): Map<number, SecretBytes> {
    return own ? this.idSecrets.own : this.idSecrets.theirs;
  }

  /** The epoch in which new own blocks are put, once one was agreed. */
  get ownEpoch(): number | undefined {
    return [...this.idSecrets.own.keys()].at(-1);
  }

  add(block: Block): void {
    this.side(block.own).set(block.number, block);
    if (block.own) this.#lowestOwn.add(block.number);
    this.held[block.own ? 'own' : 'theirs'] += block.units;
    if (block.state === 'ready') this.readied(block);
  }

  /** A block has become ready: an own one may be allocated from. */
  readied(block: Block): void {
    this.raise(block);
    if (!block.own || this.queue.has(block) || this.heldBack.has(block)) return;
    // Both ends were about to agree on it when the hold began.
    if (cameSince(block, this.#heldFrom)) return void this.heldBack.add(block);
    this.queue.add(block);
    this.ownLeft += block.left;
  }

  /** Takes ready own blocks of the link that came then or later out of use, also those that become ready from now on. */
  holdBack(since: Since): void {
    this.#heldFrom = earlier(this.#heldFrom, since);
    for (const block of [...this.queue]) {
      if (!cameSince(block, since)) continue;
      this.queue.delete(block);
      this.ownLeft -= block.left;
      this.heldBack.add(block);
    }
  }

  /** Puts all that was held back into use again. */
  letGo(): void {
    const blocks = [...this.heldBack];
    this.heldBack.clear();
    this.#heldFrom = NEVER;
    for (const block of blocks) if (block.state === 'ready') this.readied(block);
  }

  /** The highest number of a block that both ends agreed on. One that only a module named does not count: it may be wrong. */
  highest(own: boolean, origin: Origin): number {
    return this.#highest[origin][own ? 'own' : 'theirs'];
  }

  /** The lowest number of an own block that key may still be taken from; `fallback` when there is none. */
  ownFloor(fallback: number): number {
    return Math.min(fallback, this.#lowestOwn.get() ?? fallback);
  }

  raise({ own, number, origin }: Pick<Block, 'own' | 'number' | 'origin'>): void {
    const side = own ? 'own' : 'theirs';
    const highest = this.#highest[origin];
    highest[side] = Math.max(highest[side], number);
  }

  drop(block: Block): void {
    if (this.side(block.own).delete(block.number)) this.held[block.own ? 'own' : 'theirs'] -= block.units;
    this.heldBack.delete(block);
    if (this.queue.delete(block)) this.ownLeft -= block.units - block.next;
  }
}
