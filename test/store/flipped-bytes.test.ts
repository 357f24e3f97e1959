import assert from 'node:assert/strict';
import fs from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { AgentError } from '../../src/errors.ts';
import { limits } from '../../src/limits.ts';
import { Allocator } from '../../src/store/allocator.ts';
import type { KeyStore } from '../../src/store/key-store.ts';
import { seeded } from '../end-to-end/lab.ts';
import { assertUnchanged, checked } from './checked.ts';
import { addBlock, closeStore, editStore, keyOf, Lines, openStore, quickDirectoryFor } from './temp-store.ts';

const CASES = Number(process.env['KEYFERRY_FLIPS'] ?? 50);
const SEED = Number(process.env['KEYFERRY_SEED'] ?? 1);
const UNITS = 24;
const BLOCKS = 24;
/** How a damaged store may be refused. A page that holds the format or the owner may say another one. */
const CLEAR = new Set(['host.store_damaged', 'host.store_format', 'host.store_unusable']);
const CLEAR_CONFIGURATION = new Set(['configuration.wrong_node_key', 'configuration.store_of_other_node']);

type Model = { readonly own: Set<string>; readonly theirs: Set<string> };
const nameOf = (number: number, index: number) => `${number} ${index}`;

/** A store whose key is partly used, stopped in order (`closed`) and as a crash leaves it (`crashed`); and what was used. */
async function usedStore(t: TestContext): Promise<{ closed: string; crashed: string; model: Model }> {
  const closed = quickDirectoryFor(t);
  const crashed = quickDirectoryFor(t);
  const store = openStore(t, closed);
  const allocator = new Allocator(store);
  const pool = store.pool('B');
  const model: Model = { own: new Set(), theirs: new Set() };
  for (let number = 0; number < BLOCKS; number++)
    await addBlock(store, number, UNITS, { own: number % 2 === 0 });
  for (let i = 0; i < 20; i++) {
    for (const { number, index, bytes } of (await allocator.takeKeys(pool, 5, 1)) ?? []) {
      model.own.add(nameOf(number, index));
      bytes.wipe();
    }
    const wanted = { number: 1 + 2 * (i % 12), index: i, units: 1 };
    for (const bytes of (await allocator.open(pool, [wanted])) ?? []) bytes.wipe();
    model.theirs.add(nameOf(wanted.number, wanted.index));
  }
  // Damage in the very last transaction cannot be told from a power cut: this one has no marks.
  await store.putMeta('last', 'transaction');
  for (const file of ['keys.sqlite', 'keys.sqlite-wal'])
    fs.copyFileSync(join(closed, file), join(crashed, file));
  await closeStore(store);
  return { closed, crashed, model };
}

/** What is wrong with a store that was opened, though bytes of it were flipped; key that is lost is not wrong. */
async function wrongs(store: KeyStore, model: Model): Promise<string[]> {
  const found: string[] = [];
  const allocator = new Allocator(store);
  const pool = store.pool('B');
  while (pool.ownLeft > 0) {
    const taken = await allocator.takeKeys(pool, pool.ownLeft, 1);
    for (const { number, index, bytes } of taken ?? []) {
      if (model.own.has(nameOf(number, index))) found.push(`own ${nameOf(number, index)} is taken again`);
      const expected = keyOf(number, UNITS)
        .view()
        .subarray(index * limits.unitBytes, (index + 1) * limits.unitBytes);
      if (!bytes.view().equals(expected)) found.push(`own ${nameOf(number, index)} has other bytes`);
      bytes.wipe();
    }
  }
  for (const block of pool.theirs.values()) {
    for (const name of model.theirs) {
      const [number, index] = name.split(' ').map(Number) as [number, number];
      if (number === block.number && block.use(index, 1)) found.push(`theirs ${name} can be opened again`);
    }
    try {
      if (!store.open.view(block).equals(keyOf(block.number, UNITS).view()))
        found.push(`block ${block.place} has other bytes`);
    } catch (thrown) {
      assert.equal((thrown as AgentError).code, 'host.store_damaged');
    }
  }
  return found;
}

/** Where the pages are that hold marks and what is known of blocks: a few among many. */
function pagesOfMarks(directory: string): number[] {
  const db = new DatabaseSync(`file:${join(directory, 'keys.sqlite')}?immutable=1`, { readOnly: true });
  const pages = db
    .prepare("SELECT pgoffset FROM dbstat WHERE name IN ('burnt_to', 'burnt_set', 'block')")
    .all();
  db.close();
  return pages.map((row) => row['pgoffset'] as number);
}

/** Flips bits of one byte of `file` in a copy of `from`: every other time in one of `pages`. @returns where */
function flip(
  from: string,
  to: string,
  file: string,
  pages: readonly number[],
  random: () => number,
): number {
  for (const name of fs.readdirSync(from)) fs.copyFileSync(join(from, name), join(to, name));
  const path = join(to, file);
  const bytes = fs.readFileSync(path);
  const page = random() < 0.5 ? pages[Math.floor(random() * pages.length)] : undefined;
  // Rows fill a page from its end.
  const at =
    page === undefined ? Math.floor(random() * bytes.length) : page + 4095 - Math.floor(random() ** 3 * 4096);
  bytes[at]! ^= 1 + Math.floor(random() * 255);
  fs.writeFileSync(path, bytes);
  return at;
}

/** How many faults "store check" finds; it changes nothing, whatever it finds. */
function faultsSeen(directory: string): number {
  let seen = 1;
  assertUnchanged(directory, () => {
    try {
      seen = checked(directory).faults_total;
    } catch (thrown) {
      if (!(thrown instanceof AgentError)) throw thrown;
    }
  });
  return seen;
}

for (const [what, file] of [
  ['closed', 'keys.sqlite'],
  ['crashed', 'keys.sqlite-wal'],
] as const) {
  test(`${CASES} flipped bytes of ${file} (seed ${SEED}): a clear error, or nothing wrong is handed out`, async (t) => {
    const random = seeded(SEED);
    const made = await usedStore(t);
    const pages = what === 'closed' ? pagesOfMarks(made.closed) : [];
    const outcomes = new Map<string, number>();
    const bad: string[] = [];
    const count = (outcome: string) => outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    for (let i = 0; i < CASES; i++) {
      const directory = quickDirectoryFor(t);
      const at = flip(made[what], directory, file, pages, random);
      const seen = faultsSeen(directory);
      let store: KeyStore | undefined;
      try {
        store = openStore(t, directory, { log: new Lines() });
        count('opened');
        const found = await wrongs(store, made.model);
        if (found.length > 0) bad.push(`case ${i}, byte ${at}: ${found[0]} (and ${found.length - 1} more)`);
      } catch (thrown) {
        const { code, message } = thrown as AgentError;
        if (seen === 0) bad.push(`case ${i}, byte ${at}: "store check" finds no fault, and yet ${code}`);
        if (!(thrown instanceof AgentError && (CLEAR.has(code) || CLEAR_CONFIGURATION.has(code))))
          bad.push(`case ${i}, byte ${at}: ${code} ${message}`);
        count(code);
      }
      if (store !== undefined) await closeStore(store);
      fs.rmSync(directory, { recursive: true });
    }
    t.diagnostic(JSON.stringify(Object.fromEntries(outcomes)));
    assert.deepEqual(bad, []);
  });
}

test('a mark of an own block that was lowered on the disk lets no key be taken again', async (t) => {
  for (const damage of ['UPDATE burnt_to SET unit = 1', 'DELETE FROM burnt_to']) {
    const directory = quickDirectoryFor(t);
    const before = openStore(t, directory);
    await addBlock(before, 0, UNITS);
    for (const { bytes } of (await new Allocator(before).takeKeys(before.pool('B'), 5, 1)) ?? [])
      bytes.wipe();
    await closeStore(before);
    editStore(directory, (db) => db.exec(damage));
    const store = openStore(t, directory);
    assert.equal(store.pool('B').ownLeft, UNITS - limits.burnStrideUnitsMin, damage);
  }
});

test('marks of a block of theirs that were changed on the disk, or put to another block, are refused', async (t) => {
  for (const damage of [
    "units = CAST(x'00' || substr(units, 2) AS BLOB)",
    'units = substr(units, 1, 5)',
    'block = block + 1',
  ]) {
    const directory = quickDirectoryFor(t);
    const before = openStore(t, directory);
    for (const number of [0, 2]) await addBlock(before, number, UNITS, { own: false });
    const wanted = [{ number: 0, index: 3, units: 2 }];
    for (const bytes of (await new Allocator(before).open(before.pool('B'), wanted)) ?? []) bytes.wipe();
    await closeStore(before);
    editStore(directory, (db) => db.exec(`UPDATE burnt_set SET ${damage}`));
    assert.throws(() => openStore(t, directory), { code: 'host.store_damaged' }, damage);
  }
});
