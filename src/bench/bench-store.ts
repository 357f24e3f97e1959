import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock as clock } from '../node/clock.ts';
import { systemDisk } from '../node/disk.ts';
import { systemEntropy as entropy } from '../node/entropy.ts';
import { createLog } from '../node/log.ts';
import { SecretBytes } from '../secret/secret-bytes.ts';
import { KeyStore } from '../store/key-store.ts';
import type { BenchContext } from './harness.ts';

export type BenchStore = { readonly store: KeyStore; readonly directory: string; close(): Promise<void> };

/** An empty folder on the disk that is measured. Whoever asks removes it. */
export function benchFolder({ directory }: BenchContext): string {
  return mkdtempSync(join(directory, 'keyferry-bench-'));
}

/** The key store at `path`, made where there is none; under a node key of zeros, since nothing in it is a secret. */
export function openBenchStore(path: string, kmaId = 'A'): KeyStore {
  using nodeKey = SecretBytes.alloc(32);
  const onBroken = (error: Error): never => {
    throw error;
  };
  return new KeyStore({
    path,
    kmaId,
    nodeKey,
    clock,
    entropy,
    disk: systemDisk,
    log: createLog('error'),
    onBroken,
  });
}

/** An empty store in a folder of its own, which goes with it. */
export function makeBenchStore(context: BenchContext): BenchStore {
  const directory = benchFolder(context);
  const store = openBenchStore(join(directory, 'keys.sqlite'));
  const close = async (): Promise<void> => {
    await store.close();
    rmSync(directory, { recursive: true, force: true });
  };
  return { store, directory, close };
}

let nextNumber = 0;

/** A link block of the neighbour B, with a number that no other has. */
export function benchBlock(own: boolean) {
  return { remote: 'B', own, number: nextNumber++, origin: 'link', first: 0 } as const;
}
