import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { limits } from '../limits.ts';
import { systemEntropy as entropy } from '../node/entropy.ts';
import { SecretBytes } from '../secret/secret-bytes.ts';
import { Allocator } from '../store/allocator.ts';
import type { KeyStore } from '../store/key-store.ts';
import { type BenchStore, benchBlock, makeBenchStore } from './bench-store.ts';
import type { BenchContext, Benchmark, Opened } from './harness.ts';

const OPENED_AT_ONCE = 64;

/** Keys burnt and taken out of the store; against a bare transaction for each. */
export const burnBenchmarks: readonly Benchmark[] = [
  { name: 'burn-own', unit: 'keys/s', better: 'more', target: null, open: burnOwn },
  { name: 'burn-theirs', unit: 'keys/s', better: 'more', target: null, open: burnTheirs },
];

/** One key after the other, each burnt before it is handed out. */
async function burnOwn(context: BenchContext): Promise<Opened> {
  const under = makeBenchStore(context);
  const allocator = new Allocator(under.store);
  const pool = under.store.pool('B');
  const ours = (): Promise<number> =>
    perSecond(context.roundMs, async () => {
      if (pool.ownLeft === 0) await addReady(under.store, true);
      const [taken] = (await allocator.takeKeys(pool, 1, 1)) ?? [];
      taken!.bytes.wipe();
      return 1;
    });
  return withBareDatabase(under, context, ours);
}

/** Many keys of the far end's at once, in no order. */
async function burnTheirs(context: BenchContext): Promise<Opened> {
  const under = makeBenchStore(context);
  const allocator = new Allocator(under.store);
  const pool = under.store.pool('B');
  let wanted: { number: number; index: number; units: number }[] = [];
  const ours = (): Promise<number> =>
    perSecond(context.roundMs, async () => {
      if (wanted.length < OPENED_AT_ONCE) {
        const number = await addReady(under.store, false);
        wanted = shuffled(limits.blockUnitsMax - 1).map((index) => ({ number, index: index + 1, units: 1 }));
      }
      const some = wanted.splice(0, OPENED_AT_ONCE);
      const opened = await Promise.all(some.map((one) => allocator.open(pool, [one])));
      for (const [bytes] of opened.map((one) => one!)) bytes!.wipe();
      return some.length;
    });
  return withBareDatabase(under, context, ours);
}

function withBareDatabase(under: BenchStore, context: BenchContext, ours: () => Promise<number>): Opened {
  const db = new DatabaseSync(join(under.directory, 'bare.sqlite'));
  db.exec(
    'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE mark (id INTEGER PRIMARY KEY, unit INTEGER)',
  );
  const put = db.prepare('INSERT INTO mark VALUES (1, ?) ON CONFLICT DO UPDATE SET unit = excluded.unit');
  let unit = 0;
  const bare = (): Promise<number> =>
    perSecond(context.roundMs, async () => {
      put.run(unit++);
      return 1;
    });
  return {
    sides: [
      { name: 'keyferry', measure: ours },
      { name: 'bare SQLite', measure: bare },
    ],
    async close() {
      db.close();
      await under.close();
    },
  };
}

async function addReady(store: KeyStore, own: boolean): Promise<number> {
  using key = SecretBytes.alloc(limits.blockBytesMax);
  entropy.fill(key.view());
  const block = benchBlock(own);
  await store.insert({ ...block, state: 'ready', epoch: block.number }, key);
  return block.number;
}

async function perSecond(ms: number, work: () => Promise<number>): Promise<number> {
  let done = 0;
  const startMs = performance.now();
  while (performance.now() - startMs < ms) done += await work();
  return (done * 1_000) / (performance.now() - startMs);
}

function shuffled(count: number): number[] {
  const numbers = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    [numbers[i], numbers[j]] = [numbers[j]!, numbers[i]!];
  }
  return numbers;
}
