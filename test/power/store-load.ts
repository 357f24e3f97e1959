import { SYNC_UNITS } from '../../src/keys/block-rule.ts';
import { limits } from '../../src/limits.ts';
import { SecretBytes } from '../../src/secret/secret-bytes.ts';
import { Allocator } from '../../src/store/allocator.ts';
import type { Block } from '../../src/store/block.ts';
import type { KeyStore } from '../../src/store/key-store.ts';
import { Random } from '../fuzz/random.ts';
import type { Answered, Asked, Journal, Out, Piece } from './journal.ts';
import { foreignKey, knownKey, nameOf, sha256 } from './known-key.ts';
import { ENDINGS } from './store-under-test.ts';

/** Shared over a link, by relay, and with a plain KM (from which nobody sends pads); keys that a plain KM has relayed here. */
export const [LINK, RELAY, PLAIN, FOREIGN] = ['L', 'R', 'P', 'F'] as const;

const UNDERWAY_MAX = 8;
const HELD_UNITS_MAX = 10_000;
export const KEY_UNITS_MAX = 4;
/** What a module sends again when it does not know what became of it. */
const RESENT = 12;
const FOREIGN_KEPT_MAX = 40;

type Insert = Extract<Asked, { op: 'insert' }>;

/** All that an agent does with its store, in an order that a seed decides; each question and each answer goes into a journal. */
export class StoreLoad {
  readonly #store: KeyStore;
  readonly #allocator: Allocator;
  readonly #journal: Journal;
  readonly #random: Random;
  readonly #life: number;
  #asked = 0;
  #underway = 0;
  #nextOfModule: number;
  readonly #resentTo: number;
  #nextOfFar = 0;
  #mark: number;
  readonly #busy = new Set<Block>();
  /** Their blocks of this life whose key the far end uses as pads: up to where it has. A far end uses none twice. */
  readonly #padTo = new Map<Block, number>();
  readonly #fetchedTo = new Map<Block, number>();
  readonly #foreignIds: string[] = [];

  constructor(store: KeyStore, journal: Journal, random: Random, life: number) {
    this.#store = store;
    this.#allocator = new Allocator(store);
    this.#journal = journal;
    this.#random = random;
    this.#life = life;
    this.#mark = Number(store.meta('told') ?? 0);
    this.#resentTo = this.#newestOfModule() + 1;
    this.#nextOfModule = Math.max(0, this.#resentTo - RESENT);
  }

  /** Begins one more thing, when not too much is under way; then others have their turn. */
  async step(): Promise<void> {
    if (this.#underway < UNDERWAY_MAX) this.#begin();
    await new Promise(setImmediate);
  }

  // How far the module got before this life: numbers come in order, but for those that were under way.
  #newestOfModule(): number {
    const pool = this.#store.pool(LINK);
    const own = [pool.highest(true, 'link'), ...pool.own.keys()];
    let newest = Math.max(...own, pool.highest(false, 'link'), ...pool.theirs.keys());
    for (let number = newest + 1; number <= newest + RESENT; number++)
      if (this.#store.known(LINK, number % 2 === 0, number)) newest = number;
    return newest;
  }

  #begin(): void {
    // A module that is back sends first what it does not know to be stored.
    if (this.#nextOfModule < this.#resentTo) return this.#insertOfModule();
    const below = this.#random.below(100);
    const remote = this.#random.pick([LINK, RELAY, PLAIN]);
    if (below < 16) this.#insert();
    else if (below < 30) this.#ready();
    else if (below < 44) this.#keys(remote);
    else if (below < 54) this.#pad(this.#random.pick([LINK, RELAY]));
    else if (below < 72) this.#open(remote);
    else if (below < 82) this.#receive();
    else if (below < 86) this.#destroy(remote);
    else if (below < 90) this.#keep();
    else if (below < 96) this.#take();
    else this.#meta();
  }

  // Says what is asked, does it, says what came of it.
  #ask(asked: Asked, work: () => Promise<Answered> | Answered): void {
    this.#asked += 1;
    const [life, id] = [this.#life, this.#asked];
    this.#journal({ life, at: 'asked', id, asked });
    this.#underway += 1;
    // At once, without a turn in between: what follows may rely on what was done by then.
    const answer = (async () => work())();
    answer
      .then((answered) => this.#journal({ life, at: 'answered', id, answered }))
      .catch((thrown: Error) => this.#journal({ life, at: 'failed', what: `${asked.op}: ${thrown.stack}` }))
      .finally(() => {
        this.#underway -= 1;
      });
  }

  #insert(): void {
    const remote = this.#random.pick([LINK, LINK, RELAY, PLAIN]);
    const pool = this.#store.pool(remote);
    if (pool.held.own > HELD_UNITS_MAX || pool.held.theirs > HELD_UNITS_MAX) return this.#destroy(remote);
    if (remote === LINK) return this.#insertOfModule();
    if (this.#random.once(2)) return this.#insertNumbered(remote);
    // Lives do not meet: the far end gives a number once.
    const number = this.#life * 100_000 + this.#nextOfFar++;
    this.#insertRelayed(remote, false, number);
  }

  #insertOfModule(): void {
    const number = this.#nextOfModule++;
    const block = { remote: LINK, own: number % 2 === 0, number, first: 0, epoch: 0 };
    // It sends the same block as long, when it sends it again.
    const units = sizeBy(new Random(number));
    this.#insertBlock({ op: 'insert', ...block, origin: 'link', state: 'received', units });
  }

  #insertNumbered(remote: string): void {
    this.#ask({ op: 'number', remote }, async () => {
      const number = await this.#store.numbers.take(remote);
      setImmediate(() => this.#insertRelayed(remote, true, number));
      return { number };
    });
  }

  #insertRelayed(remote: string, own: boolean, number: number): void {
    const epoch = this.#epoch(remote, own, number);
    const block = { remote, own, number, first: 0, epoch, units: sizeBy(this.#random) };
    this.#insertBlock({ op: 'insert', ...block, origin: 'relay', state: 'ready' });
  }

  #insertBlock(asked: Insert): void {
    const { remote, own, number, units } = asked;
    this.#ask(asked, async () => {
      using bytes = SecretBytes.adopt(knownKey(nameOf(remote, own, number), units * limits.unitBytes));
      const added = await this.#store.insert(asked, bytes);
      if (typeof added === 'string') return { said: added };
      if (!own && number % 3 === 0) this.#padTo.set(added, SYNC_UNITS + 1);
      return { said: 'stored' };
    });
  }

  // Mostly the newest that was agreed.
  #epoch(remote: string, own: boolean, number: number): number {
    const newest = [...this.#store.pool(remote).secrets(own).keys()].at(-1);
    return newest === undefined || this.#random.once(8) ? number : newest;
  }

  #ready(): void {
    const pool = this.#store.pool(LINK);
    const received = [...pool.own.values(), ...pool.theirs.values()].filter(
      (block) => block.state === 'received' && !this.#busy.has(block),
    );
    if (received.length === 0) return this.#insert();
    const block = this.#random.pick(received);
    const { own, number } = block;
    const epoch = this.#epoch(LINK, own, number);
    this.#withBlock(block, { op: 'ready', remote: LINK, own, number, first: SYNC_UNITS, epoch }, () =>
      this.#store.markReady(block, SYNC_UNITS, epoch),
    );
  }

  #destroy(remote: string): void {
    const pool = this.#store.pool(remote);
    const block = this.#random.pick([...pool.own.values(), ...pool.theirs.values()].slice(0, 8));
    if (block === undefined || this.#busy.has(block)) return;
    const { reason, state } = this.#random.pick(ENDINGS);
    const { own, number } = block;
    const asked = { op: 'destroy', remote, own, number, state } as const;
    this.#withBlock(block, asked, () => this.#store.destroy(block, reason));
  }

  #withBlock(block: Block, asked: Asked, work: () => Promise<void>): void {
    this.#busy.add(block);
    this.#ask(asked, async () => {
      await work();
      this.#busy.delete(block);
      return {};
    });
  }

  #keys(remote: string): void {
    const [count, units] = [1 + this.#random.below(4), 1 + this.#random.below(KEY_UNITS_MAX)];
    this.#ask({ op: 'keys', remote, count, units }, async () => {
      const taken = await this.#allocator.takeKeys(this.#store.pool(remote), count, units);
      return {
        out: (taken ?? []).map((key) => outOf(true, [[key.number, key.index, key.units]], key.bytes)),
      };
    });
  }

  #pad(remote: string): void {
    const units = 1 + this.#random.below(this.#random.pick([4, 20]));
    this.#ask({ op: 'pad', remote, units }, async () => {
      const pad = await this.#allocator.takePad(this.#store.pool(remote), units);
      if (pad === undefined) return {};
      const pieces = pad.segments.map((one) => [one.number, one.index, one.units] as const);
      return { out: [outOf(true, pieces, pad.bytes)] };
    });
  }

  // Keys are fetched in order, mostly: some are left behind, and some are asked for that may be gone.
  #open(remote: string): void {
    const theirs = [...this.#store.pool(remote).theirs.values()].filter(
      (block) => block.state === 'ready' && block.number % 3 !== 0,
    );
    const block = theirs[this.#random.below(Math.min(2, theirs.length))];
    if (block === undefined) return this.#insert();
    for (let times = 1 + this.#random.below(6); times > 0; times--) {
      const next = Math.max(block.first, this.#fetchedTo.get(block) ?? 0);
      const index = this.#random.once(4)
        ? this.#random.below(block.units)
        : next + (this.#random.once(5) ? 1 : 0);
      const units = 1 + this.#random.below(2);
      this.#fetchedTo.set(block, index + units);
      this.#openUnits(remote, [[block.number, index, units]]);
    }
  }

  #openUnits(remote: string, pieces: readonly Piece[]): void {
    const ahead = remote === PLAIN;
    this.#ask({ op: 'open', remote, pieces, ahead }, async () => {
      const wanted = pieces.map(([number, index, units]) => ({ number, index, units }));
      const opened = await this.#allocator.open(this.#store.pool(remote), wanted, ahead);
      return { out: (opened ?? []).map((bytes, i) => outOf(false, [pieces[i]!], bytes)) };
    });
  }

  #receive(): void {
    const ready = [...this.#padTo].filter(([{ state, pool }]) => state === 'ready' && pool !== PLAIN);
    if (ready.length === 0) return;
    const [block, from] = this.#random.pick(ready);
    const units = 1 + this.#random.below(8);
    if (from + units > block.units) {
      this.#padTo.delete(block);
      return;
    }
    this.#padTo.set(block, from + units);
    const pieces: readonly Piece[] = [[block.number, from, units]];
    const authentic = !this.#random.once(10);
    this.#ask({ op: 'receive', remote: block.pool, pieces }, () => {
      const pool = this.#store.pool(block.pool);
      const segments = [{ number: block.number, index: from, units }];
      const bytes = this.#allocator.receivePad(pool, segments, () => authentic);
      return bytes === undefined ? {} : { out: [outOf(false, pieces, bytes)] };
    });
  }

  #keep(): void {
    if (this.#foreignIds.length > FOREIGN_KEPT_MAX) return this.#take();
    const ids = Array.from(
      { length: 1 + this.#random.below(3) },
      (_, i) => `${this.#life}-${this.#asked}-${i}`,
    );
    this.#ask({ op: 'keep', remote: FOREIGN, ids }, async () => {
      const keys = ids.map((id) => ({ id, bytes: SecretBytes.adopt(foreignKey(id)) }));
      const said = await this.#store.foreign.insert(FOREIGN, keys);
      if (said === 'kept') this.#foreignIds.push(...ids);
      return { said };
    });
  }

  // Some are asked for twice.
  #take(): void {
    if (this.#foreignIds.length === 0) return;
    const at = this.#random.below(this.#foreignIds.length);
    const ids = this.#foreignIds.slice(at, at + 1 + this.#random.below(2));
    if (!this.#random.once(4)) this.#foreignIds.splice(at, ids.length);
    this.#ask({ op: 'take', remote: FOREIGN, ids }, async () => {
      const taken = await this.#store.foreign.take(FOREIGN, ids);
      if (taken === undefined) return { said: 'refused' };
      return { said: 'taken', out: taken.map((bytes) => outOf(false, [], bytes)) };
    });
  }

  #meta(): void {
    const value = ++this.#mark;
    this.#ask({ op: 'meta', value }, async () => {
      await this.#store.putMeta('told', String(value));
      return {};
    });
  }
}

// To long blocks, so that there are checkpoints of the log, too.
function sizeBy(random: Random): number {
  return 2 + SYNC_UNITS + random.below(random.pick([16, 64, 300, 500, 2_000]));
}

function outOf(own: boolean, pieces: readonly Piece[], bytes: SecretBytes): Out {
  const sha = sha256(bytes.view());
  bytes.wipe();
  return { own, pieces, sha };
}
