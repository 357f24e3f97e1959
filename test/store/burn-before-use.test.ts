import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { limits } from '../../src/limits.ts';
import { Allocator } from '../../src/store/allocator.ts';
import type { KeyStore } from '../../src/store/key-store.ts';
import { ManualClock, until } from '../manual-clock.ts';
import { PowerCut } from './power-cut.ts';
import { addBlock, closeStore, directoryFor, editStore, keyOf, Lines, openStore } from './temp-store.ts';

const BLOCKS = 4;
const UNITS = 48;
const RUNS = Number(process.env['KEYFERRY_BURN_RUNS'] ?? 25);
const SEED = Number(process.env['KEYFERRY_SEED'] ?? 20_261_122);

type Step =
  | { readonly do: 'keys'; readonly count: number; readonly units: number }
  | { readonly do: 'pad'; readonly units: number }
  | { readonly do: 'open'; readonly number: number; readonly index: number; readonly units: number }
  /** Key fetched in order, some of it left behind, so that what comes next is burnt ahead. */
  | { readonly do: 'fetch'; readonly number: number; readonly index: number; readonly step: number }
  | { readonly do: 'destroy'; readonly number: number; readonly own: boolean }
  /** A write of somebody else fails, and with it the transaction that it shares. */
  | { readonly do: 'fail' }
  | { readonly do: 'wait'; readonly turns: number }
  | { readonly do: 'cut'; readonly share: number };

const number = fc.nat(BLOCKS - 1);
const share = fc.constantFrom(0, 0.3, 0.7, 1);
const steps = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant('keys' as const),
        count: fc.integer({ min: 1, max: 4 }),
        units: fc.integer({ min: 1, max: 5 }),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ do: fc.constant('pad' as const), units: fc.integer({ min: 1, max: 20 }) }),
    },
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant('open' as const),
        number,
        index: fc.nat(UNITS),
        units: fc.integer({ min: 1, max: 4 }),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant('fetch' as const),
        number,
        index: fc.nat(UNITS / 2),
        step: fc.integer({ min: 1, max: 3 }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('destroy' as const), number, own: fc.boolean() }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('fail' as const) }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('wait' as const), turns: fc.nat(6) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('cut' as const), share }) },
  ),
  { minLength: 20, maxLength: 60 },
);

/** One node through power cuts: remembers every unit that was handed out while it lived. */
class Life {
  readonly #t: TestContext;
  readonly #cutter: PowerCut;
  readonly #root: string;
  readonly #out = new Set<string>();
  #underway: Promise<void>[] = [];
  #lives = 0;
  #store!: KeyStore;
  #allocator!: Allocator;

  constructor(t: TestContext, cutter: PowerCut, root: string) {
    this.#t = t;
    this.#cutter = cutter;
    this.#root = root;
  }

  get handedOut(): number {
    return this.#out.size;
  }

  async begin(): Promise<void> {
    this.#open();
    for (let block = 0; block < BLOCKS; block++)
      for (const own of [true, false]) await addBlock(this.#store, block, UNITS, { own });
  }

  async run(step: Step): Promise<void> {
    const { pool } = { pool: this.#store.pool('B') };
    switch (step.do) {
      case 'keys':
        return this.#start(this.#allocator.takeKeys(pool, step.count, step.units), (taken) => {
          for (const key of taken ?? []) this.#note(true, [key], key.bytes.view());
        });
      case 'pad':
        return this.#start(this.#allocator.takePad(pool, step.units), (pad) => {
          if (pad !== undefined) this.#note(true, pad.segments, pad.bytes.view());
        });
      case 'open':
        return this.#start(this.#allocator.open(pool, [step], true), (opened) => {
          if (opened !== undefined) this.#note(false, [step], opened[0]!.view());
        });
      case 'fetch': {
        for (let index = step.index, count = 0; index < UNITS && count < 24; index += step.step, count++)
          await this.run({ do: 'open', number: step.number, index, units: 1 });
        return;
      }
      case 'destroy': {
        const block = pool.side(step.own).get(step.number);
        return block && this.#start(this.#store.destroy(block, 'ordered'), () => {});
      }
      case 'fail':
        return this.#start(
          this.#store.commit.stage(() => {
            throw new Error('no room');
          }),
          () => {},
        );
      case 'wait':
        for (let turn = 0; turn < step.turns; turn++) await new Promise((resolve) => setImmediate(resolve));
        return;
      case 'cut':
        return this.#cut(step.share);
    }
  }

  async end(): Promise<void> {
    await Promise.all(this.#underway);
    // What is left is all of it handed out, each unit once.
    const pool = this.#store.pool('B');
    for (;;) {
      const pad = await this.#allocator.takePad(pool, 1);
      if (pad === undefined) break;
      this.#note(true, pad.segments, pad.bytes.view());
    }
    for (let block = 0; block < BLOCKS; block++)
      for (let index = 0; index < UNITS; index++)
        await this.run({ do: 'open', number: block, index, units: 1 });
    await Promise.all(this.#underway);
    await closeStore(this.#store);
  }

  #start<Result>(work: Promise<Result>, note: (result: Result) => void): void {
    const life = this.#lives;
    // What comes out after the power cut comes out of a process that is dead.
    const done = work.then(
      (result) => {
        if (life === this.#lives) note(result);
      },
      (thrown: Error) => assert.match(thrown.message, /no room/),
    );
    this.#underway.push(done);
  }

  #note(
    own: boolean,
    pieces: readonly { number: number; index: number; units: number }[],
    bytes: Buffer,
  ): void {
    let at = 0;
    for (const { number, index, units } of pieces) {
      const key = keyOf(number, UNITS).view();
      for (let unit = index; unit < index + units; unit++, at += limits.unitBytes) {
        const name = `${own ? 'own' : 'their'} ${number}:${unit}`;
        assert.ok(!this.#out.has(name), `${name} is handed out twice`);
        this.#out.add(name);
        const expected = key.subarray(unit * limits.unitBytes, (unit + 1) * limits.unitBytes);
        assert.ok(bytes.subarray(at, at + limits.unitBytes).equals(expected), `${name} has its own bytes`);
      }
    }
    assert.equal(at, bytes.length);
  }

  async #cut(kept: number): Promise<void> {
    const from = this.#directory;
    this.#lives += 1;
    mkdirSync(this.#directory);
    this.#cutter.copy(from, this.#directory, kept);
    await Promise.all(this.#underway.splice(0));
    await closeStore(this.#store);
    this.#open();
  }

  #open(): void {
    if (this.#lives === 0) mkdirSync(this.#directory, { recursive: true });
    this.#store = openStore(this.#t, this.#directory, this.#cutter);
    this.#allocator = new Allocator(this.#store);
  }

  get #directory(): string {
    return join(this.#root, `life-${this.#lives}`);
  }
}

test('no unit is handed out twice, whatever a power cut leaves of the log and whichever transaction fails', async (t) => {
  const cutter = new PowerCut();
  const root = directoryFor(t);
  let run = 0;
  let handedOut = 0;
  await fc.assert(
    fc.asyncProperty(steps, async (all) => {
      run += 1;
      const life = new Life(t, cutter, join(root, `run-${run}`));
      await life.begin();
      for (const step of all) await life.run(step);
      await life.end();
      handedOut += life.handedOut;
    }),
    { seed: SEED, numRuns: RUNS, endOnFailure: true },
  );
  assert.ok(handedOut > RUNS * 100, `only ${handedOut} units were handed out`);
});

test('burn records of a block are one row once it has ended, and go with it', async (t) => {
  const directory = directoryFor(t);
  const store = openStore(t, directory);
  await addBlock(store, 1, 64);
  const allocator = new Allocator(store);
  for (let i = 0; i < 64; i++) {
    const [taken] = (await allocator.takeKeys(store.pool('B'), 1, 1)) ?? [];
    taken!.bytes.wipe();
  }
  await closeStore(store);
  const rows = () => {
    let found: object[] = [];
    editStore(directory, (db) => {
      found = db.prepare('SELECT from_unit, to_unit FROM burn_record').all();
    });
    return found.map((row) => ({ ...row }));
  };
  assert.deepEqual(rows(), [{ from_unit: 0, to_unit: 64 }]);
  const last = openStore(t, directory);
  const newest = limits.blockNumberWindow + 2;
  await addBlock(last, newest, 1);
  const more = Array.from({ length: limits.tombstonePruneEvery }, (_, i) =>
    addBlock(last, newest + 1 + i, 1),
  );
  await Promise.all(more);
  await closeStore(last);
  assert.deepEqual(rows(), []);
});

test('who wants much is not overtaken for ever by those who want little', async (t) => {
  const clock = new ManualClock();
  const store = openStore(t, directoryFor(t), { clock });
  const allocator = new Allocator(store);
  await addBlock(store, 0, 4_000);
  const pool = store.pool('B');
  let [asked, served] = [false, false];
  let overtaken = 0;
  const little = async () => {
    for (let i = 0; i < 80 && !served; i++) {
      for (const { bytes } of (await allocator.takeKeys(pool, 1, 4)) ?? []) bytes.wipe();
      if (asked) overtaken += 1;
      // Slowly, so that no more is burnt than the least.
      clock.advance(limits.burnStrideMs + 1);
    }
  };
  const many = Array.from({ length: 6 }, little);
  await until('key is taken', () => pool.ownLeft < 3_950);
  asked = true;
  for (const { bytes } of (await allocator.takeKeys(pool, 10, 4)) ?? []) bytes.wipe();
  served = true;
  await Promise.all(many);
  // Those who waited already, and those who are let in before we hear of ours.
  assert.ok(overtaken <= 12, `${overtaken} others were served before`);
});

test('a burn that comes through as the store closes gives no key, and nothing is said to be damaged', async (t) => {
  const log = new Lines();
  const store = openStore(t, directoryFor(t), { log });
  await addBlock(store, 0, 64);
  await addBlock(store, 1, 64, { own: false, epoch: 1 });
  const allocator = new Allocator(store);
  const pool = store.pool('B');
  const closed = { code: 'host.store_write_failed', message: /closed/ };
  const taken = assert.rejects(allocator.takeKeys(pool, 1, 1), closed);
  await closeStore(store);
  await taken;
  await assert.rejects(allocator.takePad(pool, 1), closed);
  await assert.rejects(allocator.open(pool, [{ number: 1, index: 5, units: 1 }]), closed);
  assert.deepEqual(
    log.lines.map(({ event }) => event).filter((event) => /damaged/.test(event)),
    [],
  );
});
