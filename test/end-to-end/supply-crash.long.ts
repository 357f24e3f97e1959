import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Book, Pair, waitFor } from '../power/applications.ts';
import { applicationOf, labFor, ownKeys, seeded, startAll, until } from './lab.ts';

const KILLS = Number(process.env['KEYFERRY_SUPPLY_KILLS'] ?? 6);
const SEED = Number(process.env['KEYFERRY_SEED'] ?? 1);

test(`kill -9 of A and C while applications fetch, ${KILLS} times (seed ${SEED}): no ID twice, no key twice`, async (t) => {
  const random = seeded(SEED);
  const lab = await labFor(t, { lowWater: 1000, highWater: 3000, blocksPerSecond: 40 });
  startAll(lab);
  await until(lab, 'A', 'the relay pool is filled', (status) => ownKeys(status, 'C') >= 500);
  const book = new Book();
  const stop = { now: false };
  const pairs = [1, 2, 3, 4].map(
    () => new Pair(t, book, applicationOf(lab, 'app-a'), applicationOf(lab, 'app-c')),
  );
  const clients = pairs.map((pair) => pair.fetchOn(stop));
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
  const unsure = pairs.reduce((sum, pair) => sum + pair.unsure.length, 0);
  for (const pair of pairs) await pair.askAgain();
  t.diagnostic(`${book.byId.size} keys taken, ${book.opened.size} opened, ${unsure} answers lost in crashes`);
  assert.ok(book.opened.size > 10 * KILLS);
});
