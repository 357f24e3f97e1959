import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { closeStore, editStore, keyOf, openStore } from '../store/temp-store.ts';
import { WORKER_UNITS } from './store-worker.ts';

const WORKER = join(import.meta.dirname, 'store-worker.ts');
/** Numbers of blocks in one life. */
const NUMBERS = 10_000;

type Line = Readonly<Record<string, unknown>>;

/** A store over several processes that use it: what each was told is held against all before. */
export class StoreLife {
  readonly directory: string;
  readonly lines: Line[] = [];
  readonly #seed: number;
  readonly #t: TestContext;
  readonly #kept = new Map<number, boolean>();
  readonly #given = new Set<string>();
  #lives = 0;
  #child: ChildProcess | undefined;
  #ended: Promise<number | null> = Promise.resolve(0);

  constructor(t: TestContext, directory: string, seed: number) {
    this.#t = t;
    this.directory = directory;
    this.#seed = seed;
    t.after(() => this.kill());
  }

  /** Starts a process on the store. @param environment beside that of this process */
  start(environment: Readonly<Record<string, string>> = {}): void {
    this.#lives += 1;
    const parameters = [WORKER, this.directory, `${this.#seed + this.#lives}`, `${this.#lives * NUMBERS}`];
    const child = spawn(process.execPath, parameters, {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, ...environment },
    });
    this.#child = child;
    createInterface(child.stdout).on('line', (line) => this.#hear(JSON.parse(line) as Line));
    this.#ended = new Promise((resolve) => child.once('close', resolve));
  }

  /** Waits until a line says what `wanted` asks for, among those from `from` on. */
  async until(what: string, wanted: (line: Line) => boolean, from = 0, ms = 60_000): Promise<void> {
    const endMs = performance.now() + ms;
    while (!this.lines.slice(from).some(wanted)) {
      if (performance.now() > endMs)
        throw new Error(
          `this did not come about: ${what}; last lines: ${JSON.stringify(this.lines.slice(-3))}`,
        );
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** Waits until the process has ended by itself. @returns its exit code */
  ended(): Promise<number | null> {
    return this.#ended;
  }

  async kill(): Promise<void> {
    this.#child?.kill('SIGKILL');
    await this.#ended;
  }

  codes(from = 0): Set<string> {
    return new Set(
      this.lines
        .slice(from)
        .flatMap(({ error, broken }) => [error, broken].filter((code) => code != null) as string[]),
    );
  }

  get given(): number {
    return this.#given.size;
  }

  /** Every block that was acknowledged is there and whole, or was burnt to its end. */
  async assertKept(): Promise<void> {
    assert.ok(this.#kept.size > 0);
    const store = openStore(this.#t, this.directory);
    const missing: number[] = [];
    for (const [number, own] of this.#kept) {
      const block = store.pool('B').side(own).get(number);
      if (block === undefined) missing.push(number);
      else assert.ok(store.open.view(block).equals(keyOf(number, WORKER_UNITS).view()), `block ${number}`);
    }
    await closeStore(store);
    editStore(this.directory, (db) => {
      const burnt = db.prepare(
        "SELECT max(to_unit) AS upto FROM block JOIN burn_record ON block = block.id WHERE number = ? AND state IN ('used', 'destroyed')",
      );
      // The last units are given up when they are too few for one key, of four units at most.
      for (const number of missing)
        assert.ok(
          Number(burnt.get(number)?.['upto']) > WORKER_UNITS - 4,
          `block ${number} was acknowledged and is lost`,
        );
    });
  }

  #hear(line: Line): void {
    this.lines.push(line);
    const { kept, own, index, units, right } = line as {
      kept?: number;
      own?: boolean;
      index: number;
      units: number;
      right?: boolean;
    };
    if (kept !== undefined) this.#kept.set(kept, own === true);
    const of = line['taken'] ?? line['opened'];
    if (typeof of !== 'number') return;
    // Thrown where nobody catches it, and so the end of the test.
    assert.ok(right, `wrong bytes: ${JSON.stringify(line)}`);
    for (let unit = index; unit < index + units; unit++) {
      assert.ok(!this.#given.has(`${of} ${unit}`), `key is used twice: ${JSON.stringify(line)}`);
      this.#given.add(`${of} ${unit}`);
    }
  }
}
