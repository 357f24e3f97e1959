import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { Acquire } from '../../src/kma/acquire.ts';
import { limits } from '../../src/limits.ts';
import { systemDisk } from '../../src/node/disk.ts';
import { holdFile } from '../../src/node/hold-file.ts';
import { directoryFor } from '../store/temp-store.ts';
import { linkedPair, type TestNode } from './node.ts';

export const laser = (active: boolean) => ({ code: 'laser', text: '', active, suspect: active });

/** A and B with four blocks that are older than an alarm makes suspect, and four that are not. */
export async function setUp(
  t: TestContext,
  destroysSuspect: boolean,
  release: 'operator' | 'alarm_end' = 'operator',
) {
  const { world, a, b } = await linkedPair(t);
  const told: string[] = [];
  const memory = holdFile(systemDisk, join(directoryFor(t), 'held-B.json'));
  const start = (): Acquire =>
    new Acquire('A', 'B', a.store, a.synchronises.get('B')!, a.clock, a.log, {
      releaseAtAlarmEnd: release === 'alarm_end',
      destroysSuspect,
      memory,
      onDestroyed: () => told.push('B'),
    });
  const acquire = start();
  a.acquires.set('B', acquire);
  t.after(() => acquire.stop());
  await world.fillLink(a, b, 4);
  await world.clock.leap(limits.suspectBackMs + 1_000);
  await world.fillLink(a, b, 4);
  return { world, a, b, acquire, start, told };
}

export const numbers = (node: TestNode, remote: string) =>
  [...node.store.pool(remote).own.keys(), ...node.store.pool(remote).theirs.keys()].sort((x, y) => x - y);
