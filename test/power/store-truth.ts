import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { KeyStore } from '../../src/store/key-store.ts';
import { BlockTruth, type Row } from './block-truth.ts';
import type { Answered, Asked, Line, Out, Piece } from './journal.ts';
import { foreignKey, nameOf, sha256 } from './known-key.ts';
import { FOREIGN } from './store-load.ts';
import { openUnderTest } from './store-under-test.ts';

type Pad = { readonly block: BlockTruth; readonly piece: Piece; readonly at: number };
type Epoch = { readonly remote: string; readonly own: boolean; readonly epoch: number; readonly at: number };

/**
 * What peers, modules and applications know of a store, from its journal: what it acknowledged and gave out, over all its lives. Held
 * against the store after a crash; whatever differs is a fault of the store.
 */
export class StoreTruth {
  readonly faults: string[] = [];
  readonly counts = { lives: 0, blocks: 0, units: 0, ended: 0, keys: 0 };
  readonly #blocks = new Map<string, BlockTruth>();
  readonly #asked = new Map<number, { readonly asked: Asked; readonly at: number }>();
  readonly #numbers = new Map<string, Set<number>>();
  readonly #foreign = new Map<string, 'asked' | 'kept' | 'taking' | 'taken'>();
  readonly #epochs: Epoch[] = [];
  /** Pads of this life, whose marks need not be on disk yet. */
  #pads: Pad[] = [];
  #storeId: string | undefined;
  /** Whether it has promised anything. */
  #promised = false;
  #mark = { said: 0, asked: 0 };
  #at = 0;

  add(line: Line): void {
    this.#at += 1;
    if (line.at === 'opened') this.#opened(line.storeId);
    else if (line.at === 'asked') this.#ask(line.id, line.asked);
    else if (line.at === 'answered') this.#answer(line.id, line.answered);
    else if (line.at === 'failed') this.#fault(line.what);
  }

  /** Opens the store, which it may change, and looks whether it is what was promised. */
  async check(directory: string): Promise<readonly string[]> {
    const faults: string[] = [];
    let store: KeyStore | undefined;
    try {
      store = openUnderTest(directory, (what) => faults.push(what));
      faults.push(...this.#faultsOf(store));
      faults.push(...(await this.#faultsOfRest(store)));
    } catch (thrown) {
      faults.push(`it cannot be read: ${(thrown as Error).message}`);
    } finally {
      await store?.close();
    }
    if (store !== undefined) faults.push(...this.#faultsOfGone(directory));
    return faults;
  }

  #opened(storeId: string): void {
    if (this.#promised && this.#storeId !== storeId) this.#fault('the store began anew');
    this.#storeId = storeId;
    this.counts.lives += 1;
    this.#asked.clear();
    this.#pads = [];
  }

  #ask(id: number, asked: Asked): void {
    this.#asked.set(id, { asked, at: this.#at });
    if (asked.op === 'insert') {
      const name = nameOf(asked.remote, asked.own, asked.number);
      const block = this.#blocks.get(name) ?? new BlockTruth(asked);
      this.#blocks.set(name, block);
      if (asked.state === 'ready') block.readies.push(asked);
    } else if (asked.op === 'ready') this.#block(asked.remote, asked.own, asked.number)?.readies.push(asked);
    else if (asked.op === 'destroy') {
      const block = this.#block(asked.remote, asked.own, asked.number);
      if (block !== undefined) block.ending = true;
    } else if (asked.op === 'open' || asked.op === 'receive') {
      for (const [number, index, units] of asked.pieces)
        this.#block(asked.remote, false, number)?.askedFor.fill(1, index, index + units);
    } else if (asked.op === 'keep') for (const id of asked.ids) this.#foreign.set(id, 'asked');
    else if (asked.op === 'take') {
      for (const id of asked.ids) if (this.#foreign.get(id) !== 'taken') this.#foreign.set(id, 'taking');
    } else if (asked.op === 'meta') this.#mark.asked = asked.value;
  }

  #answer(id: number, { said, out, number }: Answered): void {
    const known = this.#asked.get(id);
    if (known === undefined) return this.#fault(`an answer ${id} to no question`);
    this.#asked.delete(id);
    const { asked, at } = known;
    if (asked.op === 'insert') this.#inserted(asked, said ?? '', at);
    else if (asked.op === 'number') this.#numbered(asked.remote, number ?? -1);
    else if (asked.op === 'take') this.#taken(asked.ids, said, out);
    else if (asked.op === 'keep' && said !== 'kept') this.#fault(`fresh foreign keys are ${said}`);
    else if (asked.op === 'keep') for (const id of asked.ids) this.#foreign.set(id, 'kept');
    else if (asked.op === 'meta') this.#mark.said = Math.max(this.#mark.said, asked.value);
    else if ('remote' in asked) for (const one of out ?? []) this.#given(asked, one);
    const block = 'number' in asked ? this.#block(asked.remote, asked.own, asked.number) : undefined;
    if (asked.op === 'ready' && block !== undefined) this.#readied(block, asked);
    if (asked.op === 'destroy' && block !== undefined) {
      block.ended ??= asked.state;
      this.counts.ended += 1;
    }
    this.#promised ||= said !== 'refused' && said !== 'underway' && out?.length !== 0;
  }

  #inserted(asked: Extract<Asked, { op: 'insert' }>, said: string, at: number): void {
    const block = this.#block(asked.remote, asked.own, asked.number)!;
    if (said === 'underway') return;
    if (said === 'stored') {
      if (block.stored) this.#fault(`${block.label} was acknowledged, and stored again`);
      if (asked.state === 'ready') this.#readied(block, asked);
      // With this commit went all marks that had been made before it was asked for.
      for (const { block, piece, at: made } of this.#pads)
        if (made < at) block.burnt.fill(1, piece[1], piece[1] + piece[2]);
      this.#pads = this.#pads.filter(({ at: made }) => made >= at);
    }
    if (!block.stored) this.counts.blocks += 1;
    block.stored = true;
  }

  #readied(block: BlockTruth, { first, epoch }: { first: number; epoch: number }): void {
    block.ready = { first, epoch };
    const { remote, own, number } = block.name;
    if (epoch === number) this.#epochs.push({ remote, own, epoch, at: first });
  }

  #numbered(remote: string, number: number): void {
    const given = this.#numbers.get(remote) ?? new Set();
    this.#numbers.set(remote, given);
    if (given.has(number)) this.#fault(`number ${number} for ${remote} was given twice`);
    given.add(number);
  }

  #taken(ids: readonly string[], said: string | undefined, out: readonly Out[] = []): void {
    if (said !== 'taken') return;
    ids.forEach((id, i) => {
      this.counts.keys += 1;
      if (this.#foreign.get(id) === 'taken') this.#fault(`foreign key ${id} was given out twice`);
      if (out[i]?.sha !== sha256(foreignKey(id))) this.#fault(`foreign key ${id} has other bytes`);
      this.#foreign.set(id, 'taken');
    });
  }

  #given(asked: Asked & { readonly remote: string }, { own, pieces, sha }: Out): void {
    const bytes: Buffer[] = [];
    for (const piece of pieces) {
      const [number, index, units] = piece;
      const block = this.#block(asked.remote, own, number);
      if (block === undefined)
        return this.#fault(`key of ${nameOf(asked.remote, own, number)}, which nobody inserted`);
      for (let unit = index; unit < index + units; unit++)
        if (block.out[unit] === 1) this.#fault(`${block.label}:${unit} was given out twice`);
      block.out.fill(1, index, index + units);
      if (asked.op === 'receive') this.#pads.push({ block, piece, at: this.#at });
      else block.burnt.fill(1, index, index + units);
      this.counts.units += units;
      bytes.push(block.bytes(index, units));
    }
    if (sha256(...bytes) !== sha) this.#fault(`${asked.op} ${JSON.stringify(pieces)} gave other bytes`);
  }

  *#faultsOf(store: KeyStore): Iterable<string> {
    if (this.#promised && store.storeId !== this.#storeId) yield 'the store began anew';
    for (const pool of store.pools())
      for (const own of [true, false]) {
        for (const block of pool.side(own).values()) {
          const known = this.#block(pool.remote, own, block.number);
          if (known === undefined) yield `${nameOf(pool.remote, own, block.number)}: nobody inserted it`;
          else yield* known.faultsOfLive(block, store);
        }
        for (const [epoch, secret] of pool.secrets(own)) {
          const block = this.#block(pool.remote, own, epoch);
          const could = (block?.readies ?? []).filter((ready) => ready.epoch === epoch);
          if (!could.some(({ first }) => block?.bytes(first, 1).equals(secret.view())))
            yield `the ID secret ${epoch} of ${pool.remote} is none`;
        }
      }
    // Older ones may have had to go for those whose answer was not heard.
    const newest = this.#epochs.at(-1);
    if (newest !== undefined && !store.pool(newest.remote).secrets(newest.own).has(newest.epoch))
      yield `the ID secret ${newest.epoch} of ${newest.remote} is lost`;
    const mark = Number(store.meta('told') ?? 0);
    if (mark < this.#mark.said || mark > this.#mark.asked) yield `mark ${mark} is not ${this.#mark.said}`;
  }

  // What asks the store to do something.
  async #faultsOfRest(store: KeyStore): Promise<string[]> {
    const faults: string[] = [];
    for (const [remote, given] of this.#numbers) {
      const number = await store.numbers.take(remote);
      if (number <= Math.max(...given)) faults.push(`number ${number} for ${remote} would be given again`);
    }
    await Promise.all(
      [...this.#foreign].map(async ([id, state]) => {
        if (state === 'asked' || state === 'taking') return;
        const [key] = (await store.foreign.take(FOREIGN, [id])) ?? [];
        if (state === 'taken' && key !== undefined)
          faults.push(`foreign key ${id} was given out and is back`);
        if (state === 'kept' && !key?.view().equals(foreignKey(id)))
          faults.push(`foreign key ${id} was acknowledged and is ${key ? 'other' : 'lost'}`);
        key?.wipe();
      }),
    );
    return faults;
  }

  *#faultsOfGone(directory: string): Iterable<string> {
    const db = new DatabaseSync(join(directory, 'keys.sqlite'));
    try {
      const rows = new Map<string, Row>();
      const all = db.prepare(
        `SELECT pool, own, number, state, (SELECT max(to_unit) FROM burn_record WHERE block = block.id) AS burnt,
         reason = 'forgotten' AND epoch NOT IN (SELECT epoch FROM id_secret WHERE id_secret.pool = block.pool AND id_secret.own = block.own) AS given_up
         FROM block`,
      );
      for (const { pool, own, number, state, burnt, given_up } of all.all() as Record<string, never>[])
        rows.set(nameOf(pool!, own === 1, number!), {
          state: state!,
          burntTo: burnt!,
          givenUp: own === 1 && given_up === 1,
        });
      for (const [name, block] of this.#blocks) {
        const row = rows.get(name);
        if (row?.state !== 'received' && row?.state !== 'ready')
          yield* block.faultsOfGone(row, this.counts.lives);
      }
    } finally {
      db.close();
    }
  }

  #block(remote: string, own: boolean, number: number): BlockTruth | undefined {
    return this.#blocks.get(nameOf(remote, own, number));
  }

  #fault(what: string): void {
    this.faults.push(what);
  }
}
