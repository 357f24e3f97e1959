import type { SuppliedKey } from '../../src/ksa/key-supply.ts';
import type { Random } from '../fuzz/random.ts';
import { type KeyLedger, Violation, violate } from './key-ledger.ts';
import { saeOf } from './sim-config.ts';
import type { SimNode } from './sim-node.ts';
import type { Timeline } from './timeline.ts';

export type ApplicationParts = {
  readonly timeline: Timeline;
  readonly random: Random;
  readonly ledger: KeyLedger;
  readonly note: (node: string, event: string, details?: string) => void;
  readonly fail: (thrown: unknown) => void;
  readonly delayMs: number;
};

const KEY_BITS = [256, 256, 128, 512, 1_000, 2_048];
/** The number of the last try. */
const LAST = 3;
/** By then a request must have ended. */
const ANSWER_MS = 120_000;
/** When all is well so many keys of this size are taken and fetched, or what there is. */
const PROVED_KEYS = 60;
const PROVED_BITS = 2_048;
/** Refusals that an application may get, whatever happens. */
const ALLOWED =
  /^(kma\.pool_empty|application\.key_not_found|host\.store_(write_failed|sync_failed)|host\.audit_full|host\.guard_failed)$/;

type Waiting = { readonly what: string; readonly sinceMs: number };

/** Two applications at two nodes: one takes key, tells the other its IDs, and the other fetches it. */
export class SimApplications {
  readonly #parts: ApplicationParts;
  readonly #master: SimNode;
  readonly #slave: SimNode;
  readonly #waiting = new Set<Waiting>();
  /** Of keys that the other was told of: what the master got. */
  readonly #given = new Map<string, Buffer>();
  /** What the other has got. */
  readonly #has = new Set<string>();
  readonly stats = { taken: 0, fetched: 0, refused: 0, gone: 0, proved: 0 };
  /** Of 100 requests, so many go wrong at the application. */
  carelessPercent = 0;

  constructor(master: SimNode, slave: SimNode, parts: ApplicationParts) {
    this.#master = master;
    this.#slave = slave;
    this.#parts = parts;
  }

  get name(): string {
    return `${this.#master.id}>${this.#slave.id}`;
  }

  /** Requests that wait for an answer longer than they may. */
  overdue(nowMs: number): string | undefined {
    for (const { what, sinceMs } of this.#waiting) if (nowMs - sinceMs > ANSWER_MS) return what;
    return undefined;
  }

  /** The node of a request has died: nobody answers any more. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** @returns whether keys were taken */
  async take(): Promise<boolean> {
    const { random } = this.#parts;
    const supply = this.#master.supply;
    if (supply === undefined) return false;
    const number = random.pick([1, 1, 1, 2, 5]);
    const bits = random.pick(KEY_BITS);
    const keys = await this.#ask(this.#master, `takes ${number} of ${bits}`, (pair) =>
      supply.take(pair, number, bits),
    );
    if (keys === undefined) return false;
    this.stats.taken += keys.length;
    const gone = this.#careless();
    for (const { keyId, bytes } of keys) {
      const own = Buffer.from(bytes.view());
      bytes.wipe();
      if (own.length * 8 !== bits)
        this.#fail('keys are whole', `key ${keyId} has ${own.length} bytes, not ${bits / 8}`);
      if (this.#given.has(keyId)) this.#fail('IDs are unique', `key ID ${keyId} was given twice`);
      this.#record(this.#master, own, keyId);
      if (!gone) this.#given.set(keyId, own);
    }
    // It hangs up before it has read the answer: the keys are lost, and nobody else may get them.
    if (gone) this.stats.gone += keys.length;
    else this.#tell(keys.map(({ keyId }) => keyId));
    return true;
  }

  /** When all is well: each key that can be taken can be fetched. */
  async prove(): Promise<void> {
    for (let i = 0; i < PROVED_KEYS; i++) {
      const { supply } = this.#master;
      const [key] =
        (supply &&
          (await this.#ask(this.#master, 'takes one', (pair) => supply.take(pair, 1, PROVED_BITS)))) ??
        [];
      if (key === undefined) return;
      const { keyId } = key;
      this.#given.set(keyId, Buffer.from(key.bytes.view()));
      this.#record(this.#master, this.#given.get(keyId)!, keyId);
      key.bytes.wipe();
      const found = this.#slave.supply;
      const keys = found && (await this.#ask(this.#slave, 'fetches it', (pair) => found.find(pair, [keyId])));
      if (keys === undefined)
        this.#fail('what is taken can be fetched', `${this.name}: key ${keyId} is not there`);
      else this.#fetched(keys);
      this.stats.proved += 1;
    }
  }

  #tell(ids: readonly string[]): void {
    const { timeline, random, delayMs } = this.#parts;
    const late = random.once(8) ? 5_000 * (1 + random.below(6)) : 0;
    timeline.after(2 * delayMs + late, () => {
      if (this.#careless()) this.#trespass(ids);
      void this.#fetch(ids, 0);
      if (this.#careless()) void this.#fetch(ids, 0);
    });
  }

  async #fetch(ids: readonly string[], tries: number): Promise<void> {
    const { timeline, random } = this.#parts;
    const supply = this.#slave.supply;
    const keys =
      supply && (await this.#ask(this.#slave, `fetches ${ids.length}`, (pair) => supply.find(pair, ids)));
    if (keys !== undefined) {
      this.#fetched(keys);
      // An application that has lost what it got asks again, and must not get it.
      if (random.once(6)) timeline.after(random.below(60_000), () => void this.#fetch(ids, LAST));
      return;
    }
    // What was not found may be there in a moment; the rest is the application's to give up.
    if (tries < LAST) timeline.after(2_000 << tries, () => void this.#fetch(ids, tries + 1));
  }

  #fetched(keys: readonly SuppliedKey[]): void {
    this.stats.fetched += keys.length;
    for (const { keyId, bytes } of keys) {
      const own = Buffer.from(bytes.view());
      bytes.wipe();
      if (this.#has.has(keyId))
        this.#fail('key is fetched once', `key ${keyId} was fetched by ${saeOf(this.#slave.id)} twice`);
      this.#has.add(keyId);
      if (this.#given.get(keyId)?.equals(own) !== true)
        this.#fail('both have the same key', `${this.name}: key ${keyId} differs at the two ends`);
      this.#record(this.#slave, own, keyId);
    }
  }

  // An application of the same node that the key is not for.
  #trespass(ids: readonly string[]): void {
    const { supply } = this.#slave;
    const slaveSaeId = `${saeOf(this.#slave.id)}-other`;
    supply?.find({ masterSaeId: saeOf(this.#master.id), slaveSaeId }, ids).then(
      () => this.#fail('key for its application', `${slaveSaeId} got a key of ${saeOf(this.#slave.id)}`),
      () => {},
    );
  }

  async #ask(
    node: SimNode,
    what: string,
    ask: (pair: { masterSaeId: string; slaveSaeId: string }) => Promise<SuppliedKey[]>,
  ): Promise<SuppliedKey[] | undefined> {
    const { timeline, note } = this.#parts;
    const life = node.lives;
    const waits = { what: `${this.name} ${what}`, sinceMs: timeline.nowMs };
    this.#waiting.add(waits);
    const gone = timeline.after(ANSWER_MS, () => {
      // Whoever is connected to a node sees it go.
      if (node.lives !== life || node.agent === undefined) this.#waiting.delete(waits);
    });
    try {
      const keys = await ask({ masterSaeId: saeOf(this.#master.id), slaveSaeId: saeOf(this.#slave.id) });
      note(node.id, what, `${this.name} ${keys[0]?.keyId ?? ''}`);
      return keys;
    } catch (thrown) {
      const code = (thrown as { code?: string }).code ?? '';
      this.stats.refused += 1;
      note(node.id, `refuses: ${what}`, `${this.name} ${code}`);
      const unknown = node.wasConfigured && code === 'application.unknown_sae';
      if (node.lives === life && !ALLOWED.test(code) && !unknown)
        this.#parts.fail(
          new Violation('answers or named errors', `${waits.what}: ${code} ${(thrown as Error).message}`),
        );
      return undefined;
    } finally {
      gone();
      this.#waiting.delete(waits);
    }
  }

  #careless(): boolean {
    return this.#parts.random.below(100) < this.carelessPercent;
  }

  #record({ id }: SimNode, bytes: Buffer, keyId: string): void {
    try {
      this.#parts.ledger.supplied(id, bytes, keyId);
    } catch (thrown) {
      this.#parts.fail(thrown);
    }
  }

  #fail(invariant: string, what: string): void {
    try {
      violate(invariant, what);
    } catch (thrown) {
      this.#parts.fail(thrown);
    }
  }
}
