import assert from 'node:assert/strict';
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { directoryFor } from '../store/temp-store.ts';
import type { Answered, Asked, Line } from './journal.ts';
import { liveAndDie } from './killed-store.ts';
import { nameOf } from './known-key.ts';
import { StoreTruth } from './store-truth.ts';

const LINES = 1_500;

type Told = { readonly asked: Asked; readonly answered: Answered };

/** A store after two lives, as it was after each, and what was said in them. */
async function twoLives(t: TestContext) {
  const root = directoryFor(t);
  const [directory, before] = [join(root, 'store'), join(root, 'before')];
  mkdirSync(directory);
  const common = { directory, seed: 1, lines: LINES, cache: join(root, 'cache') };
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
  const stored = tells(({ asked, answered }) => asked.op === 'insert' && answered.said === 'stored');
  const number = tells(({ asked }) => asked.op === 'number');
  const taken = tells(({ answered }) => answered.said === 'taken');
  const lies: [readonly Line[], RegExp][] = [
    [claim(insert, { said: 'stored' }), /R their 999999999 was acknowledged and is lost/],
    [claim(stored.asked, stored.answered), /was acknowledged, and stored again/],
    [claim(number.asked, number.answered), /number \d+ for \w was given twice/],
    [claim({ op: 'number', remote: 'R' }, { number: 2 ** 37 }), /number \d+ for R would be given again/],
    [claim(taken.asked, taken.answered), /foreign key \S+ was given out twice/],
    [claim({ op: 'keep', remote: 'F', ids: ['x'] }, { said: 'kept' }), /x was acknowledged and is lost/],
    [claim({ op: 'meta', value: 10 ** 9 }, {}), /mark \d+ is not 1000000000/],
    [[{ life: 2, at: 'failed', what: 'a write' }], /a write/],
    [[{ life: 3, at: 'opened', storeId: 'other' }], /the store began anew/],
  ];
  for (const op of ['keys', 'pad', 'open', 'receive']) {
    const given = tells(({ asked, answered }) => asked.op === op && (answered.out?.length ?? 0) > 0);
    const { own, pieces } = given.answered.out![0]!;
    const side = own ? 'own' : 'their';
    const twice = new RegExp(`${side} ${pieces[0]![0]}:${pieces[0]![1]} was given out twice`);
    lies.unshift([claim(given.asked, given.answered), twice]);
    const out = given.answered.out!.map((one) => ({ ...one, sha: 'other' }));
    lies.unshift([claim(given.asked, { out }), new RegExp(`${op} .* gave other bytes`)]);
  }
  const found = await faults(directory, [...all, ...lies.flatMap(([lie]) => lie)]);
  for (const [, as] of lies) assert.match(found, as);
});

test('key that was given out and whose mark is not on the disk is found, also where it is not given out again', async (t) => {
  const { directory, first, second, faults } = await twoLives(t);
  const ready = toldIn(second).flatMap(({ asked, answered }) =>
    asked.op === 'insert' && asked.state === 'ready' && answered.said === 'stored' ? [asked] : [],
  );
  const lies = ready.flatMap(({ remote, own, number, units }) => {
    const last = [number, units - 1, 1] as const;
    const asked = own
      ? ({ op: 'pad', remote, units: 1 } as const)
      : ({ op: 'open', remote, pieces: [last], ahead: false } as const);
    return claim(asked, { out: [{ own, pieces: [last], sha: '' }] });
  });
  const found = await faults(directory, [...first, ...second, ...lies]);
  const free = (own: boolean) =>
    ready.filter(
      (block) =>
        block.own === own &&
        found.includes(
          `${nameOf(block.remote, own, block.number)}:${block.units - 1} was given out and is free`,
        ),
    );
  t.diagnostic(`${free(true).length} own blocks and ${free(false).length} of theirs, of ${ready.length}`);
  assert.ok(free(true).length > 0 && free(false).length > 0);
});
