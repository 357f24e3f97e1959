import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Application } from '../../src/cli/demo/application.ts';
import { keysOf } from '../end-to-end/lab.ts';

const WAIT_MS = 60_000;
/** How many keys of each kind are asked for again. */
const AGAIN = 50;

/** What applications have seen, over all crashes: no ID and no key twice, and the same key under the same ID. */
export class Book {
  readonly byId = new Map<string, string>();
  readonly byKey = new Map<string, string>();
  readonly opened = new Set<string>();
  refused = 0;

  taken(body: Buffer): string[] {
    for (const [id, key] of keysOf(body)) {
      assert.ok(!this.byId.has(id), `key ID ${id} was given out twice`);
      assert.ok(!this.byKey.has(key), `the key of ${id} had been given out as ${this.byKey.get(key)}`);
      this.byId.set(id, key);
      this.byKey.set(key, id);
    }
    return [...keysOf(body).keys()];
  }

  found(body: Buffer): void {
    for (const [id, key] of keysOf(body)) {
      assert.ok(!this.opened.has(id), `key ID ${id} was answered twice`);
      assert.equal(key, this.byId.get(id), `the two applications hold different key under ${id}`);
      this.opened.add(id);
    }
  }
}

/** One application takes key at its node, another opens it at its own. Both are closed with the test. */
export class Pair {
  /** IDs of keys that were opened, and of those for which no answer came: they may be gone, or not. */
  readonly opened: string[] = [];
  readonly unsure: string[] = [];
  readonly #master: Application;
  readonly #slave: Application;
  readonly #book: Book;

  constructor(t: TestContext, book: Book, master: Application, slave: Application) {
    this.#book = book;
    this.#master = master;
    this.#slave = slave;
    t.after(() => {
      master.close();
      slave.close();
    });
  }

  /** Takes and opens until told to stop, whatever falls in between. */
  async fetchOn(stop: { readonly now: boolean }): Promise<void> {
    while (!stop.now) {
      const taken = await this.#master.encKeys(this.#slave.saeId, 2).catch(() => undefined);
      const goesOn = taken?.status === 200 && (await this.#open(this.#book.taken(taken.body)));
      if (!goesOn) await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** Nothing that was opened opens again, also after the crashes; what was lost on the way opens once at most. */
  async askAgain(): Promise<void> {
    for (const id of this.opened.slice(-AGAIN))
      assert.notEqual((await this.#slave.decKeys(this.#master.saeId, [id])).status, 200, id);
    for (const id of this.unsure.splice(0).slice(-AGAIN)) await this.#open([id]);
    assert.equal(this.unsure.length, 0, 'each is answered, one way or the other');
  }

  /** @returns false when the far node gave no answer */
  async #open(ids: readonly string[]): Promise<boolean> {
    const found = await this.#slave.decKeys(this.#master.saeId, ids).catch(() => undefined);
    if (found === undefined) this.unsure.push(...ids);
    else if (found.status !== 200) this.#book.refused += 1;
    else {
      this.#book.found(found.body);
      this.opened.push(...ids);
    }
    return found !== undefined;
  }
}

export async function waitFor(ready: () => boolean, what: string, ms = WAIT_MS): Promise<void> {
  const endMs = performance.now() + ms;
  while (!ready()) {
    if (performance.now() > endMs) throw new Error(`${what}: did not come about`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
