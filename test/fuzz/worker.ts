/** Runs cases in a thread of its own, so that one that hangs can be seen and ended from outside. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { parentPort, workerData } from 'node:worker_threads';
import { heldMemory, talk, transitStep, verdictOf } from '../kx/codec-under-test.ts';
import { canaries, slowCanaries } from './canaries.ts';
import { fuzzCase } from './case.ts';
import { complaint, type Target } from './oracles.ts';

export type Order = {
  readonly seed: number;
  readonly first: number;
  readonly cases: number;
  /** Planted bugs to run one after the other, each until it is found; none for the codec as it is. */
  readonly bugs: readonly string[];
  /** Goes up by one with every case. */
  readonly progress: SharedArrayBuffer;
};

/** What was found, by the planted bug; `''` for the codec as it is. */
export type Found = Readonly<Record<string, string | undefined>>;

const GROWTH_MAX = 24 << 20;
const SAMPLE_EVERY = 1_000;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

function memory(): number {
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

function run({ seed, first, cases, progress }: Order, target: Target): string | undefined {
  const count = new Int32Array(progress);
  let base: number | undefined;
  for (let index = first; index < first + cases; index++) {
    Atomics.add(count, 0, 1);
    const wrong = complaint(target, fuzzCase(seed, index));
    if (wrong !== undefined) return `seed ${seed}, case ${index}: ${wrong}`;
    if ((index - first) % SAMPLE_EVERY !== SAMPLE_EVERY - 1) continue;
    base ??= memory();
    const growth = memory() - base;
    if (growth > GROWTH_MAX) return `seed ${seed}, up to case ${index}: memory grew by ${growth} bytes`;
  }
  return undefined;
}

const order = workerData as Order;
const sound: Target = { talk, verdict: verdictOf, transit: transitStep, held: heldMemory };
const found: Record<string, string | undefined> = {};
if (order.bugs.length === 0) found[''] = run(order, sound);
for (const bug of order.bugs) found[bug] = run(order, { ...canaries, ...slowCanaries }[bug]!(sound));
parentPort!.postMessage(found satisfies Found);
