import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { diskLines } from '../../src/cli/check-disk.ts';
import { capacityOf } from '../../src/config/capacity.ts';
import { configSchema } from '../../src/config/schema.ts';
import { limits } from '../../src/limits.ts';
import { cannotMount, mountFor } from '../mount.ts';
import { directoryFor } from '../store/temp-store.ts';

function configuration(data_directory: string, max_keys = 1_000) {
  return configSchema.parse({
    kma_id: 'A',
    data_directory,
    node_key: { file: '/n' },
    kx: { certificate: '/c', private_key: '/k', ca: '/ca', peers: [{ kma_id: 'B', address: 'b:1' }] },
    audit: { max_bytes: 1 << 20 },
    pools: [{ kma_id: 'B', max_keys }],
  });
}

test('what a node may store follows from its pools: those that are named, and all others with the usual most', () => {
  const named = capacityOf(configuration('/d', 1_000_000));
  assert.equal(named.pools, 1);
  assert.equal(named.storeBytes, 32e6 * 1.25 + 70e6);
  const config = configuration('/d');
  const more = capacityOf({
    ...config,
    kx: { ...config.kx, routes: [{ destination: 'C', via: ['B'], protocol: 'keyferry' }] },
  });
  assert.equal(more.pools, 2);
  assert.equal(more.storeBytes - capacityOf(config).storeBytes, limits.poolBytesUsual * 1.25);
});

test('what is there counts as room, and a data directory need not be there', (t) => {
  const directory = join(directoryFor(t), 'not/yet');
  const [line, ...more] = diskLines(configuration(directory));
  assert.match(
    line!,
    /not\/yet may take 72 MB, with one pool full and the audit trail; there are 0 MB, and \d+ [MG]B are free$/,
  );
  assert.deepEqual(more, []);
  mkdirSync(join(directory, 'audit'), { recursive: true });
  writeFileSync(join(directory, 'audit/trail'), Buffer.alloc(5_000_001));
  assert.match(diskLines(configuration(directory))[0]!, /there are 6 MB/);
});

test('a disk that is too small for what is configured is told beforehand', { skip: cannotMount() }, (t) => {
  const { path } = mountFor(t, 'size=64m');
  const [, warning] = diskLines(configuration(path));
  assert.match(warning!, /^WARNING: the disk of .* is too small by \d MB: lower max_keys of pools/);
});
