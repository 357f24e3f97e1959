import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Neighbours } from '../../src/agent/neighbours.ts';
import type { AgentParts } from '../../src/agent/status.ts';
import { limits } from '../../src/limits.ts';
import { systemDisk } from '../../src/node/disk.ts';
import { linkedPair } from '../kma/node.ts';
import { directoryFor } from '../store/temp-store.ts';

const LINK = {
  peer: 'B',
  driver: 'none',
  port: { path: '/dev/null' },
  baud_rate: 1,
  suspect_release: 'operator',
  suspect_blocks: 'hold',
};

test('a hold whose file was removed while its link was not configured is over when the link is back', async (t) => {
  const { world, a, b } = await linkedPair(t);
  await world.clock.leap(2 * limits.suspectBackMs);
  await world.fillLink(a, b, 2);
  const directory = directoryFor(t);
  const file = join(directory, 'held-B.json');
  writeFileSync(file, JSON.stringify({ reason: 'alarm laser', since_ms: world.clock.wallMs() - 60_000 }));
  const parts = {
    ...a,
    clock: a.clock,
    config: { kma_id: 'A', data_directory: directory },
    links: new Map(),
    holdings: new Map(),
    modules: new Map(),
    world: { disk: systemDisk },
  } as unknown as AgentParts;
  const neighbours = new Neighbours(parts, a.log, () => {});
  neighbours.addHoldings('B');
  const pool = a.store.pool('B');
  assert.equal(pool.ownLeft, 0, 'out of use without the link');
  rmSync(file);
  neighbours.addLink(LINK as never);
  assert.equal(parts.links.get('B')!.acquire.held, null);
  assert.ok(pool.ownLeft > 0);
  assert.equal(pool.heldBack.size, 0);
});
