/**
 * A process that uses a key store until it is told to end, and says on standard output what it was told: each block the moment it is
 * acknowledged, each key the moment it is handed out, each error. Key itself stays here: bytes that are wrong are said.
 *
 * node store-worker.ts DIRECTORY SEED FIRST_NUMBER
 */
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Log } from '../../src/env/log.ts';
import { AgentError } from '../../src/errors.ts';
import { limits } from '../../src/limits.ts';
import { systemClock } from '../../src/node/clock.ts';
import { systemDisk } from '../../src/node/disk.ts';
import { systemEntropy } from '../../src/node/entropy.ts';
import { SecretBytes } from '../../src/secret/secret-bytes.ts';
import { Allocator } from '../../src/store/allocator.ts';
import { KeyStore } from '../../src/store/key-store.ts';
import { seeded } from '../end-to-end/lab.ts';
import { keyOf } from '../store/temp-store.ts';

/** Blocks are long enough that the log is brought into the database now and then. */
export const WORKER_UNITS = 600;

const say = (line: object) => writeSync(1, `${JSON.stringify(line)}\n`);
const logged = (event: string, fields?: object) => say({ said: event, ...fields });
const log: Log = { debug: () => {}, info: logged, warn: logged, error: logged, with: () => log };

function failed(thrown: unknown): void {
  const { code, message } = thrown as AgentError;
  say({ error: thrown instanceof AgentError ? code : 'raw', message });
}

function open(directory: string): KeyStore | undefined {
  using nodeKey = SecretBytes.copyOf(Buffer.alloc(32, 7));
  const onBroken = ({ code }: AgentError) => {
    say({ broken: code });
    process.exit(1);
  };
  const path = join(directory, 'keys.sqlite');
  try {
    return new KeyStore({
      path,
      kmaId: 'A',
      nodeKey,
      clock: systemClock,
      entropy: systemEntropy,
      disk: systemDisk,
      log,
      onBroken,
    });
  } catch (thrown) {
    failed(thrown);
    return undefined;
  }
}

async function work(store: KeyStore, random: () => number, first: number): Promise<void> {
  const pool = store.pool('B');
  const allocator = new Allocator(store);
  let number = first;
  const insert = async (own: boolean) => {
    const mine = number;
    number += 1;
    using bytes = keyOf(mine, WORKER_UNITS);
    const block = {
      remote: 'B',
      own,
      number: mine,
      origin: 'relay',
      state: 'ready',
      first: 0,
      epoch: 0,
    } as const;
    await store.insert(block, bytes);
    say({ kept: mine, own });
  };
  const take = async () => {
    const taken = await allocator.takeKeys(pool, 1 + Math.floor(random() * 8), 1 + Math.floor(random() * 4));
    for (const { number: of, index, units, bytes } of taken ?? []) give(of, index, units, bytes, 'taken');
  };
  const fetch = async () => {
    const blocks = [...pool.theirs.values()];
    const block = blocks[Math.floor(random() * blocks.length)];
    if (block === undefined) return;
    const index = Math.floor(random() * WORKER_UNITS);
    for (const bytes of (await allocator.open(pool, [{ number: block.number, index, units: 1 }])) ?? [])
      give(block.number, index, 1, bytes, 'opened');
  };
  const give = (of: number, index: number, units: number, bytes: SecretBytes, how: string) => {
    using expected = keyOf(of, WORKER_UNITS);
    const right = expected.view().subarray(index * limits.unitBytes, (index + units) * limits.unitBytes);
    say({ [how]: of, index, units, right: bytes.view().equals(right) });
    bytes.wipe();
  };
  for (;;) {
    const step = random();
    const does = [() => insert(random() < 0.5), take, fetch][step < 0.25 ? 0 : step < 0.7 ? 1 : 2]!;
    await Promise.allSettled([does(), take()]).then((both) => {
      for (const one of both) if (one.status === 'rejected') failed(one.reason);
      // Refused work is not asked for again at once.
      return new Promise((go) =>
        both.some(({ status }) => status === 'rejected') ? setTimeout(go, 5) : setImmediate(go),
      );
    });
  }
}

if (import.meta.main) {
  const [directory, seed, first] = process.argv.slice(2);
  process.on('SIGTERM', () => process.exit(0));
  const store = open(directory!);
  if (store === undefined) process.exitCode = 1;
  else {
    say({ opened: true });
    void work(store, seeded(Number(seed)), Number(first));
  }
}
