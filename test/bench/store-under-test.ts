import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock as clock } from '../../src/node/clock.ts';
import { systemDisk } from '../../src/node/disk.ts';
import { systemEntropy as entropy } from '../../src/node/entropy.ts';
import { createLog } from '../../src/node/log.ts';
import { SecretBytes } from '../../src/secret/secret-bytes.ts';
import { KeyStore } from '../../src/store/key-store.ts';

export function storeDirectory(): string {
  return mkdtempSync(join(tmpdir(), 'keyferry-bench-store-'));
}

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
