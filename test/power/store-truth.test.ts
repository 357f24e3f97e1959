import assert from 'node:assert/strict';
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { directoryFor } from '../store/temp-store.ts';
import type { Answered, Asked, Line } from './journal.ts';
import { liveAndDie } from './killed-store.ts';
import { StoreTruth } from './store-truth.ts';

const LIFE_MS = 400;
const BLOCKS = 10;

type Told = { readonly asked: Asked; readonly answered: Answered };

/** A store after two lives, as it was after each, and what was said in them. */
async function twoLives(t: TestContext) {
  const root = directoryFor(t);
  const [directory, before] = [join(root, 'store'), join(root, 'before')];
  mkdirSync(directory);
  const common = { directory, seed: 1, ms: LIFE_MS, cache: join(root, 'cache') };
  const first = await liveAndDie({ ...common, life: 1 });
  cpSync(directory, before, { recursive: true });
  const second = await liveAndDie({ ...common, life: 2 });
  const faults = async (of: string, lines: readonly Line[]) => {
    const [truth, copy] = [new StoreTruth(), join(root, 'copy')];
    for (const line of lines) truth.add(line);
    cpSync(of, copy, { recursive: true });
    const found = [...truth.faults, ...(await truth.check(copy))];
    rmSync(copy, { recursive: true });
    return found.join('\n');
  };
  return { directory, before, first, second, faults };
}

/** What was asked and answered in one life. */
function toldIn(lines: readonly Line[]): Told[] {
  const asked = new Map(lines.flatMap((line) => (line.at === 'asked' ? [[line.id, line.asked]] : [])));
  return lines.flatMap((line) =>
    line.at === 'answered' ? [{ asked: asked.get(line.id)!, answered: line.answered }] : [],
  );
}

/** One thing more is said to have been asked and answered, in the second life. */
const claim = (asked: Asked, answered: Answered): Line[] => [
  { life: 2, at: 'asked', id: 1_000_000, asked },
  { life: 2, at: 'answered', id: 1_000_000, answered },
];

test('the tests of a crash can fail: a store that was put back, and each promise that was not kept, is found', async (t) => {
  const { directory, before, first, second, faults } = await twoLives(t);
  const all = [...first, ...second];
  assert.equal(await faults(directory, all), '');
  assert.match(await faults(before, all), /is lost|is free|is back|is received/);

  const told = toldIn(second);
  const tells = (fits: (told: Told) => boolean): Told => {
    const found = told.find(fits);
    assert.ok(found !== undefined, 'the load does everything');
    return found;
  };
  const broken = async (lie: readonly Line[], as: RegExp) =>
    assert.match(await faults(directory, [...all, ...lie]), as);
  const block = { remote: 'R', own: false, number: 999_999_999 } as const;
  const insert = {
    op: 'insert',
    ...block,
    units: 8,
    first: 0,
    epoch: 0,
    origin: 'relay',
    state: 'ready',
  } as const;
  await broken(claim(insert, { said: 'stored' }), /R their 999999999 was acknowledged and is lost/);
  const stored = tells(({ asked, answered }) => asked.op === 'insert' && answered.said === 'stored');
  await broken(claim(stored.asked, stored.answered), /was acknowledged, and stored again/);
  for (const op of ['keys', 'pad', 'open', 'receive']) {
    const given = tells(({ asked, answered }) => asked.op === op && (answered.out?.length ?? 0) > 0);
    await broken(claim(given.asked, given.answered), /was given out twice/);
    const out = given.answered.out!.map((one) => ({ ...one, sha: 'other' }));
    await broken(claim(given.asked, { out }), /gave other bytes/);
  }
  const number = tells(({ asked }) => asked.op === 'number');
  await broken(claim(number.asked, number.answered), /was given twice/);
  await broken(claim({ op: 'number', remote: 'R' }, { number: 2 ** 37 }), /would be given again/);
  const taken = tells(({ answered }) => answered.said === 'taken');
  await broken(claim(taken.asked, taken.answered), /was given out twice/);
  await broken(
    claim({ op: 'keep', remote: 'F', ids: ['x'] }, { said: 'kept' }),
    /x was acknowledged and is lost/,
  );
  await broken(claim({ op: 'meta', value: 10 ** 9 }, {}), /mark \d+ is not 1000000000/);
  await broken([{ life: 3, at: 'opened', storeId: 'other' }], /the store began anew/);
  await broken([{ life: 2, at: 'failed', what: 'a write' }], /a write/);
});

test('key that was given out and whose mark is not on the disk is found, also where it is not given out again', async (t) => {
  const { directory, first, second, faults } = await twoLives(t);
  const ready = toldIn(second).flatMap(({ asked, answered }) =>
    asked.op === 'insert' && asked.state === 'ready' && answered.said === 'stored' ? [asked] : [],
  );
  let found = 0;
  for (const { remote, own, number, units } of ready.slice(-BLOCKS)) {
    const last = [number, units - 1, 1] as const;
    const asked = own
      ? ({ op: 'pad', remote, units: 1 } as const)
      : ({ op: 'open', remote, pieces: [last], ahead: false } as const);
    const lie = claim(asked, { out: [{ own, pieces: [last], sha: '' }] });
    if (/was given out and is free/.test(await faults(directory, [...first, ...second, ...lie]))) found += 1;
  }
  t.diagnostic(`${found} of ${BLOCKS} blocks still had a free unit`);
  assert.ok(found > 0 && ready.length >= BLOCKS);
});
