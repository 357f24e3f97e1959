import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Book, Pair, waitFor } from '../power/applications.ts';
import { checkAgreed, checkBlocks, checkBurns } from '../power/node-stores.ts';
import { configurePair, ENDS, pairApplication, startPair, stopModules } from '../power/pair.ts';
import { labFor, ownKeys, seeded, until } from './lab.ts';

const KILLS = Number(process.env['KEYFERRY_POWER_KILLS'] ?? 3);
const SEED = Number(process.env['KEYFERRY_SEED'] ?? 1);
/** The two ends of a link agree on what both were given within this time, once they are connected again. */
const AGREE_MS = 3_000;
/** Blocks that a module may have sent and no answer has reached: those of two modules that end at once need not be the same. */
const UNSETTLED = 64;

test(`kill -9 of either end of a link while applications fetch at both, ${KILLS} times (seed ${SEED}): equal key, none twice, no block lost, both agree again`, async (t) => {
  const random = seeded(SEED);
  const lab = await labFor(t, { blocksPerSecond: 40 });
  configurePair(lab);
  startPair(lab);
  for (const { kmaId, far } of ENDS)
    await until(lab, kmaId, 'there is key', (status) => ownKeys(status, far) >= 500);
  const [book, stop] = [new Book(), { now: false }];
  const [a, b] = ENDS;
  const fetching = [a, b, a, b].map((end) => {
    const other = end === a ? b : a;
    return new Pair(t, book, pairApplication(lab, end), pairApplication(lab, other));
  });
  const clients = fetching.map((pair) => pair.fetchOn(stop));
  let longestMs = 0;
  try {
    for (let i = 0; i < KILLS; i++) {
      const victim = ENDS[random() < 0.5 ? 0 : 1].kmaId;
      await sleep(random() * 300);
      await lab.programs.get(victim)!.kill();
      const killedMs = performance.now();
      lab.startNode(victim);
      await until(lab, victim, 'it runs again', (status) => status.peers[0]!.state === 'up');
      const seen = fetching.map(({ opened }) => opened.length);
      const all = () => fetching.every(({ opened }, k) => opened.length > seen[k]! + 10);
      await waitFor(all, `fetching goes on both ways after kill ${i + 1}, of ${victim}`);
      longestMs = Math.max(longestMs, performance.now() - killedMs);
    }
  } finally {
    stop.now = true;
    await Promise.all(clients);
  }
  const refused = book.refused;
  const unsure = fetching.reduce((sum, pair) => sum + pair.unsure.length, 0);
  for (const pair of fetching) await pair.askAgain();
  await stopModules(lab, UNSETTLED / 2);
  await sleep(AGREE_MS);
  await Promise.all(ENDS.map(({ kmaId }) => lab.programs.get(kmaId)!.stop()));
  checkBlocks(
    lab,
    lab.modules.filter(({ linkId }) => linkId === 'ab'),
  );
  for (const { kmaId } of ENDS) checkBurns(lab, kmaId);
  const agreed = checkAgreed(lab, ['A', 'B'], UNSETTLED);
  t.diagnostic(
    `${book.byId.size} keys taken, ${book.opened.size} opened, ${unsure} answers lost in crashes; after a kill both ways go on within ${Math.round(longestMs)} ms; ${agreed} blocks agreed`,
  );
  assert.equal(refused, 0, 'key that one end has given out opens at the other, whatever falls in between');
  assert.ok(agreed > 0 && book.opened.size > 40 * KILLS);
});
