import { randomBytes } from 'node:crypto';
import { closeSync, fdatasync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { limits } from '../limits.ts';
import { systemEntropy as entropy } from '../node/entropy.ts';
import { SecretBytes } from '../secret/secret-bytes.ts';
import type { KeyStore } from '../store/key-store.ts';
import { benchBlock, makeBenchStore } from './bench-store.ts';
import type { BenchContext, Benchmark, Opened } from './harness.ts';

const sync = promisify(fdatasync);
/** As many blocks as a module may have without an answer, and as many as memory for them is kept. */
const LONG_UNDERWAY = 4;
const SHORT_BYTES = 4_096;

/** Blocks of key until they are durable: the store alone, without agent or module around it. */
export const storeBenchmarks: readonly Benchmark[] = [
  { name: 'store-1m', unit: 'Mbit/s', better: 'more', target: 0.6, open: longBlocks },
  { name: 'store-4k', unit: 'Mbit/s', better: 'more', target: 1, open: shortBlocks },
];

async function longBlocks(context: BenchContext): Promise<Opened> {
  const { store, directory, close } = makeBenchStore(context);
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
  const { store, close } = makeBenchStore(context);
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

/** Mbit/s of key until durable; the blocks are destroyed afterwards. */
async function inserted(store: KeyStore, bytes: number, count: number, underway: number): Promise<number> {
  using key = SecretBytes.alloc(bytes);
  entropy.fill(key.view());
  let left = count;
  const startMs = performance.now();
  const one = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await store.insert({ ...benchBlock(true), state: 'received', epoch: 0 }, key);
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
