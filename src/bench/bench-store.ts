import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Log, LogFields } from '../env/log.ts';
import { systemClock as clock } from '../node/clock.ts';
import { systemDisk } from '../node/disk.ts';
import { systemEntropy as entropy } from '../node/entropy.ts';
import { SecretBytes } from '../secret/secret-bytes.ts';
import { KeyStore } from '../store/key-store.ts';
import type { BenchContext } from './harness.ts';

/** What goes wrong shows in what is measured; standard output is for the results. */
const say = (event: string, fields?: LogFields): void =>
  void process.stderr.write(`${JSON.stringify({ event, ...fields })}\n`);
const log: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: say, with: () => log };

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
    log,
    onBroken,
  });
}

/** An empty store in a folder of its own, which goes with it. */
export function makeBenchStore(context: BenchContext): BenchStore {
  const directory = benchFolder(context);
  const remove = () => rmSync(directory, { recursive: true, force: true });
  try {
    const store = openBenchStore(join(directory, 'keys.sqlite'));
    return { store, directory, close: () => store.close().finally(remove) };
  } catch (thrown) {
    remove();
    throw thrown;
  }
}

let nextNumber = 0;

/** A link block of the neighbour B, with a number that no other has. */
export function benchBlock(own: boolean) {
  return { remote: 'B', own, number: nextNumber++, origin: 'link', first: 0 } as const;
}
