import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Application } from '../../src/cli/demo/application.ts';
import type { Lab } from '../../src/cli/demo/lab.ts';
import { applicationOf, keysOf, labFor, ownKeys, seeded, startAll, until } from './lab.ts';

const KILLS = Number(process.env['KEYFERRY_SUPPLY_KILLS'] ?? 6);
const SEED = Number(process.env['KEYFERRY_SEED'] ?? 1);

/** What the applications have seen, over all crashes. */
class Book {
  readonly byId = new Map<string, string>();
  readonly byKey = new Map<string, string>();
  readonly opened = new Set<string>();
  /** IDs whose answer at C was never seen: they may be gone, or not. */
  readonly unsure: string[] = [];
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

test(`kill -9 of A and C while applications fetch, ${KILLS} times (seed ${SEED}): no ID twice, no key twice`, async (t) => {
  const random = seeded(SEED);
  const lab = await labFor(t, { lowWater: 1000, highWater: 3000, blocksPerSecond: 40 });
  startAll(lab);
  await until(lab, 'A', 'the relay pool is filled', (status) => ownKeys(status, 'C') >= 500);
  const book = new Book();
  const stop = { now: false };
  const clients = [1, 2, 3, 4].map(() => fetchOn(t, lab, book, stop));
  try {
    for (let i = 0; i < KILLS; i++) {
      const victim = random() < 0.5 ? 'A' : 'C';
      const seen = book.opened.size;
      await new Promise((resolve) => setTimeout(resolve, random() * 300));
      await lab.programs.get(victim)!.kill();
      lab.startNode(victim);
      await until(lab, victim, 'it runs again', (status) => status.supply !== null);
      await waitFor(() => book.opened.size > seen + 10, `fetching goes on after kill ${i + 1} of ${victim}`);
    }
  } finally {
    stop.now = true;
    await Promise.all(clients);
  }
  await askAgain(lab, book);
  t.diagnostic(
    `${book.byId.size} keys taken, ${book.opened.size} opened, ${book.unsure.length} answers lost in crashes`,
  );
  assert.ok(book.opened.size > 10 * KILLS);
});

// Takes keys at A and opens them at C, whatever falls in between.
async function fetchOn(t: TestContext, lab: Lab, book: Book, stop: { now: boolean }): Promise<void> {
  const master = applicationOf(lab, 'app-a');
  const slave = applicationOf(lab, 'app-c');
  t.after(() => {
    master.close();
    slave.close();
  });
  while (!stop.now) {
    const taken = await master.encKeys('app-c', 2).catch(() => undefined);
    if (taken?.status !== 200) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      continue;
    }
    await openAll(slave, book, book.taken(taken.body));
  }
}

async function openAll(slave: Application, book: Book, ids: readonly string[]): Promise<void> {
  const found = await slave.decKeys('app-a', ids).catch(() => undefined);
  if (found === undefined) book.unsure.push(...ids);
  else if (found.status === 200) book.found(found.body);
  else book.refused += 1;
}

// Nothing that was opened opens again, also after the crashes; what was lost on the way opens once at most.
async function askAgain(lab: Lab, book: Book): Promise<void> {
  const slave = applicationOf(lab, 'app-c');
  try {
    for (const id of [...book.opened].slice(-100))
      assert.notEqual((await slave.decKeys('app-a', [id])).status, 200, id);
    for (const id of book.unsure) await openAll(slave, book, [id]);
  } finally {
    slave.close();
  }
}

async function waitFor(ready: () => boolean, what: string): Promise<void> {
  const endMs = performance.now() + 60_000;
  while (!ready()) {
    if (performance.now() > endMs) throw new Error(`${what}: did not come about`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
