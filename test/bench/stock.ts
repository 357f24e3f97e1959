import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openBenchStore } from '../../src/bench/bench-store.ts';
import type { BenchContext, Benchmark, Opened } from '../../src/bench/harness.ts';
import { Supply } from '../../src/ksa/supply.ts';
import { limits } from '../../src/limits.ts';
import { systemEntropy as entropy } from '../../src/node/entropy.ts';
import { SecretBytes } from '../../src/secret/secret-bytes.ts';
import { Allocator } from '../../src/store/allocator.ts';
import type { KeyStore } from '../../src/store/key-store.ts';

const BLOCK_KEYS = 4_000;
const NEARLY_EMPTY = 1_000;
const ROUND_PAIRS = 250;
const PAIR = { masterSaeId: 'app-a', slaveSaeId: 'app-c' };

/** One key taken and the same found by its ID, both burnt durably, with a million keys in stock, and ten, against a thousand. */
export const stockBenchmarks: readonly Benchmark[] = [
  {
    name: 'stock-1m',
    unit: 'pairs/s',
    better: 'more',
    target: 0.8,
    open: (context) => open(context, 1_000_000),
  },
  {
    name: 'stock-10m',
    unit: 'pairs/s',
    better: 'more',
    target: 0.8,
    open: (context) => open(context, 10_000_000),
  },
];

async function open(context: BenchContext, full: number): Promise<Opened> {
  context.progress(`filling two pairs of stores, with ${NEARLY_EMPTY} and ${full} keys`);
  const few = await makeEnds(NEARLY_EMPTY);
  const many = await makeEnds(full);
  return {
    sides: [
      { name: `${full} keys`, measure: () => pairsPerSecond(many) },
      { name: `${NEARLY_EMPTY} keys`, measure: () => pairsPerSecond(few) },
    ],
    async close() {
      await few.close();
      await many.close();
    },
  };
}

type End = { readonly store: KeyStore; readonly supply: Supply };
type Ends = { readonly a: End; readonly c: End; readonly keys: number; close(): Promise<void> };

/** The stores of A and C, with the same relayed blocks. */
async function makeEnds(keys: number): Promise<Ends> {
  const dir = mkdtempSync(join(tmpdir(), 'keyferry-bench-stock-'));
  const a = makeEnd(dir, 'A');
  const c = makeEnd(dir, 'C');
  const close = async (): Promise<void> => {
    await a.store.close();
    await c.store.close();
    rmSync(dir, { recursive: true, force: true });
  };
  await fill(a, c, keys);
  return { a, c, keys, close };
}

function makeEnd(dir: string, kmaId: string): End {
  const store = openBenchStore(join(dir, `${kmaId}.sqlite`), kmaId);
  const settings = {
    self: kmaId,
    applications: new Map([
      ['app-a', 'A'],
      ['app-c', 'C'],
    ]),
    defaultKeyBits: 256,
    maxKeyBits: 4_096,
    maxKeysPerRequest: 128,
    linked: new Set<string>(),
    peers: new Set<string>(),
    plain: new Map<string, Set<string>>(),
  };
  return { store, supply: new Supply(settings, store, new Allocator(store)) };
}

/** Brings both to `keys` usable keys. */
async function fill(a: End, c: End, keys: number): Promise<void> {
  for (
    let missing = keys - a.store.pool('C').ownLeft;
    missing > 0;
    missing = keys - a.store.pool('C').ownLeft
  ) {
    const number = await a.store.numbers.take('C');
    const epoch = a.store.pool('C').ownEpoch ?? number;
    const count = Math.min(BLOCK_KEYS, missing) + (epoch === number ? 1 : 0);
    using bytes = SecretBytes.alloc(count * limits.unitBytes);
    entropy.fill(bytes.view());
    const block = { number, epoch, origin: 'relay', state: 'ready', first: 0 } as const;
    await a.store.insert({ ...block, remote: 'C', own: true }, bytes);
    await c.store.insert({ ...block, remote: 'A', own: false }, bytes);
  }
}

async function pairsPerSecond({ a, c, keys }: Ends): Promise<number> {
  await fill(a, c, keys);
  const startMs = performance.now();
  for (let i = 0; i < ROUND_PAIRS; i++) {
    const [taken] = await a.supply.take(PAIR, 1, 256);
    const [found] = await c.supply.find(PAIR, [taken!.keyId]);
    const equal = found!.bytes.view().equals(taken!.bytes.view());
    taken!.bytes.wipe();
    found!.bytes.wipe();
    if (!equal) throw new Error('the two ends gave different key');
  }
  return (ROUND_PAIRS * 1_000) / (performance.now() - startMs);
}
