import { randomBytes } from 'node:crypto';
import { closeSync, fdatasync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { promisify } from 'node:util';
import { limits } from '../../src/limits.ts';
import { systemEntropy as entropy } from '../../src/node/entropy.ts';
import { SecretBytes } from '../../src/secret/secret-bytes.ts';
import { Allocator } from '../../src/store/allocator.ts';
import type { KeyStore } from '../../src/store/key-store.ts';
import type { BenchContext, Benchmark, Opened } from './harness.ts';
import { openBenchStore, storeDirectory } from './store-under-test.ts';

const sync = promisify(fdatasync);
/** As many blocks as a module may have without an answer, and as many as memory for them is kept. */
const LONG_UNDERWAY = 4;
const SHORT_BYTES = 4_096;
const OPENED_AT_ONCE = 64;

/** What the store alone does, without agent or module around it. */
export const storeBenchmarks: readonly Benchmark[] = [
  { name: 'store-1m', unit: 'Mbit/s', better: 'more', target: 0.6, open: longBlocks },
  { name: 'store-4k', unit: 'Mbit/s', better: 'more', target: 1, open: shortBlocks },
  { name: 'burn-own', unit: 'keys/s', better: 'more', target: null, open: burnOwn },
  { name: 'burn-theirs', unit: 'keys/s', better: 'more', target: null, open: burnTheirs },
];

async function longBlocks(context: BenchContext): Promise<Opened> {
  const { store, directory, close } = openStore();
  const plain = join(directory, 'plain');
  const blocks = context.quick ? 64 : 256;
  return {
    sides: [
      { name: 'keyferry', measure: () => inserted(store, limits.blockBytesMax, blocks, LONG_UNDERWAY) },
      { name: 'plain file', measure: () => plainFile(plain, limits.blockBytesMax, blocks) },
    ],
    close,
  };
}

async function shortBlocks(context: BenchContext): Promise<Opened> {
  const { store, close } = openStore();
  const blocks = context.quick ? 4_000 : 16_000;
  return {
    sides: [
      {
        name: 'keyferry',
        measure: () => inserted(store, SHORT_BYTES, blocks, limits.moduleBlocksUnansweredMax),
      },
      { name: 'asked for', measure: async () => 150 },
    ],
    close,
  };
}

/** One key after the other, each burnt before it is handed out; against a transaction for each. */
async function burnOwn(context: BenchContext): Promise<Opened> {
  const { store, directory, close } = openStore();
  const allocator = new Allocator(store);
  const pool = store.pool('B');
  const ours = (): Promise<number> =>
    perSecond(context.roundMs, async () => {
      if (pool.ownLeft === 0) await addReady(store, true);
      const [taken] = (await allocator.takeKeys(pool, 1, 1)) ?? [];
      taken!.bytes.wipe();
      return 1;
    });
  return withBareDatabase(directory, context, ours, close);
}

/** Many keys of the far end's at once, in no order; against a transaction for each. */
async function burnTheirs(context: BenchContext): Promise<Opened> {
  const { store, directory, close } = openStore();
  const allocator = new Allocator(store);
  const pool = store.pool('B');
  let wanted: { number: number; index: number; units: number }[] = [];
  const ours = (): Promise<number> =>
    perSecond(context.roundMs, async () => {
      if (wanted.length < OPENED_AT_ONCE) {
        const number = await addReady(store, false);
        wanted = shuffled(limits.blockUnitsMax - 1).map((index) => ({ number, index: index + 1, units: 1 }));
      }
      const some = wanted.splice(0, OPENED_AT_ONCE);
      const opened = await Promise.all(some.map((one) => allocator.open(pool, [one])));
      for (const [bytes] of opened.map((one) => one!)) bytes!.wipe();
      return some.length;
    });
  return withBareDatabase(directory, context, ours, close);
}

function withBareDatabase(
  directory: string,
  context: BenchContext,
  ours: () => Promise<number>,
  closeStore: () => Promise<void>,
): Opened {
  const db = new DatabaseSync(join(directory, 'bare.sqlite'));
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
      await closeStore();
    },
  };
}

type Under = { readonly store: KeyStore; readonly directory: string; close(): Promise<void> };

function openStore(): Under {
  const directory = storeDirectory();
  const store = openBenchStore(join(directory, 'keys.sqlite'));
  const close = async (): Promise<void> => {
    await store.close();
    rmSync(directory, { recursive: true, force: true });
  };
  return { store, directory, close };
}

let nextNumber = 0;

/** Mbit/s of key until durable; the blocks are destroyed afterwards. */
async function inserted(store: KeyStore, bytes: number, count: number, underway: number): Promise<number> {
  using key = SecretBytes.alloc(bytes);
  entropy.fill(key.view());
  let left = count;
  const startMs = performance.now();
  const one = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await store.insert({ ...block(nextNumber++, true), state: 'received', epoch: 0 }, key);
    }
  };
  await Promise.all(Array.from({ length: underway }, one));
  const ms = performance.now() - startMs;
  await Promise.all([...store.pool('B').own.values()].map((done) => store.destroy(done, 'ordered')));
  return (bytes * count * 8) / ms / 1_000;
}

async function plainFile(path: string, bytes: number, count: number): Promise<number> {
  const written = randomBytes(bytes);
  const file = openSync(path, 'w');
  const startMs = performance.now();
  for (let i = 0; i < count; i++) {
    writeSync(file, written);
    await sync(file);
  }
  const ms = performance.now() - startMs;
  closeSync(file);
  rmSync(path);
  return (bytes * count * 8) / ms / 1_000;
}

async function addReady(store: KeyStore, own: boolean): Promise<number> {
  using key = SecretBytes.alloc(limits.blockBytesMax);
  entropy.fill(key.view());
  const number = nextNumber++;
  await store.insert({ ...block(number, own), state: 'ready', epoch: number }, key);
  return number;
}

function block(number: number, own: boolean) {
  return { remote: 'B', own, number, origin: 'link', first: 0 } as const;
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
