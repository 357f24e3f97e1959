import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { seeded } from '../end-to-end/lab.ts';
import { checked } from '../store/checked.ts';
import { quickDirectoryFor } from '../store/temp-store.ts';
import { StoreLife } from './store-life.ts';

const ROUNDS = Number(process.env['KEYFERRY_DISK_ERRORS'] ?? 1);
const SEED = Number(process.env['KEYFERRY_SEED'] ?? 1);

const missing =
  spawnSync('gcc', ['--version']).status === 0
    ? false
    : 'missing: gcc (Debian: apt-get install gcc libc6-dev)';
const folder = mkdtempSync(join(tmpdir(), 'keyferry-bad-disk-'));
const shim = join(folder, 'bad-disk.so');
before(() => {
  if (missing !== false) return;
  const source = join(import.meta.dirname, 'bad-disk.c');
  const { status, stderr } = spawnSync('gcc', ['-shared', '-fPIC', '-O1', '-o', shim, source], {
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
});
after(() => rmSync(folder, { recursive: true }));

const KINDS = [
  { what: 'one write fails', BAD_CALLS: 'w', BAD_FOR: '1', codes: /^host\.store_(write_failed|unusable)$/ },
  {
    what: 'all writes fail from now on',
    BAD_CALLS: 'w',
    BAD_FOR: '0',
    codes: /^host\.store_(write_failed|unusable)$/,
  },
  {
    what: 'one sync fails',
    BAD_CALLS: 's',
    BAD_FOR: '1',
    codes: /^host\.store_(sync_failed|write_failed|unusable)$/,
  },
  {
    what: 'one read fails',
    BAD_CALLS: 'r',
    BAD_FOR: '1',
    codes: /^host\.store_(damaged|write_failed|unusable)$/,
  },
] as const;

for (const { what, codes, ...faults } of KINDS)
  test(`${what}, ${ROUNDS} times (seed ${SEED}): a clear error, and nothing acknowledged is lost nor key used twice`, {
    skip: missing,
  }, async (t) => {
    const random = seeded(SEED);
    const directory = quickDirectoryFor(t);
    const life = new StoreLife(t, directory, SEED);
    // The store is made by a disk that is sound.
    life.start();
    await life.until('key is taken', ({ taken }) => taken !== undefined);
    await life.kill();
    const said = new Set<string>();
    for (let round = 0; round < ROUNDS; round++) {
      const from = life.lines.length;
      const calls = { w: 200, s: 20, r: 100 }[faults.BAD_CALLS];
      const works = String(Math.floor(random() ** 2 * calls));
      life.start({ LD_PRELOAD: shim, BAD_DISK: directory, BAD_AFTER: works, ...faults });
      const fails = ({ error, broken }: Record<string, unknown>) =>
        error !== undefined || broken !== undefined;
      // A read that fails while SQLite brings its log into the database is made again, and nobody hears of it.
      const enough = () => faults.BAD_CALLS === 'r' && life.lines.length > from + 400;
      await life.until(`an error after ${works} calls`, (line) => fails(line) || enough(), from);
      const broken = life.lines.slice(from).some((line) => line['broken'] !== undefined);
      // What the disk has of it nobody knows: the process ends.
      if (broken) assert.equal(await life.ended(), 1);
      else await new Promise((resolve) => setTimeout(resolve, 50));
      await life.kill();
      for (const code of life.codes(from)) {
        assert.match(code, codes, `after ${works} calls: ${JSON.stringify(life.lines.slice(-3))}`);
        said.add(code);
      }
      assert.equal(life.codes(from).has('host.store_sync_failed'), broken);
      assert.deepEqual(checked(directory).faults, []);
    }
    t.diagnostic(`${life.given} units handed out; ${[...said]}`);
    await life.assertKept();
  });
