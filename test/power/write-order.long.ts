/** What the simulated disk believes of SQLite (docs/simulation.md, "The disk"), seen in the calls that it makes. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { quickDirectoryFor } from '../store/temp-store.ts';

/** A checkpoint comes after some 4 MiB of log. */
const LINES = 12_000;
const DATABASE = 'keys.sqlite';
const LOG = `${DATABASE}-wal`;

type Call = { readonly what: string; readonly file: string; readonly at: number };

const missing =
  spawnSync('gcc', ['--version']).status === 0
    ? false
    : 'missing: gcc (Debian: apt-get install gcc libc6-dev)';
const folder = mkdtempSync(join(tmpdir(), 'keyferry-write-order-'));
const shim = join(folder, 'write-order.so');
before(() => {
  if (missing !== false) return;
  const source = join(import.meta.dirname, 'write-order.c');
  const made = spawnSync('gcc', ['-shared', '-fPIC', '-O1', '-o', shim, source], { encoding: 'utf8' });
  assert.equal(made.status, 0, made.stderr);
});
after(() => rmSync(folder, { recursive: true }));

test('SQLite writes the database only when its log is synced, syncs it before the log begins anew, and the new header before what follows', {
  skip: missing,
}, async (t) => {
  const directory = quickDirectoryFor(t);
  const told = join(folder, 'calls');
  const writer = join(import.meta.dirname, 'store-writer.ts');
  const env = { ...process.env, LD_PRELOAD: shim, WRITE_DIR: directory, WRITE_LOG: told };
  const child = spawn(process.execPath, [writer, directory, '1', '1'], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let lines = 0;
  child.stdout.on('data', (chunk: Buffer) => {
    lines += chunk.toString('latin1').split('\n').length - 1;
    if (lines > LINES) child.kill('SIGKILL');
  });
  await once(child, 'close');
  const calls = readFileSync(told, 'utf8').trimEnd().split('\n').map(callOf);
  const seen = judge(calls.slice(calls.findIndex(({ file, at }) => file === LOG && at === 0)));
  assert.ok(seen.checkpoints >= 2 && seen.beginnings >= 2 && seen.frames > 1_000, JSON.stringify(seen));
});

test('a disk on which the order is another is found out', () => {
  const call = (what: string, file: string, at = 4_096) => ({ what, file, at });
  const begin = [call('w', LOG, 0), call('s', LOG), call('w', LOG), call('s', LOG)];
  assert.throws(() => judge([...begin, call('w', LOG), call('w', DATABASE)]), /log is not synced/);
  assert.throws(() => judge([...begin, call('w', DATABASE), call('w', LOG, 0)]), /database is not synced/);
  assert.throws(() => judge([call('w', LOG, 0), call('w', LOG)]), /header is not synced/);
  judge([...begin, call('w', DATABASE), call('s', DATABASE), ...begin]);
});

function callOf(line: string): Call {
  const [what = '', file = '', at] = line.split(' ');
  return { what, file, at: Number(at) };
}

function judge(calls: readonly Call[]): { frames: number; checkpoints: number; beginnings: number } {
  const unsynced = { [DATABASE]: false, [LOG]: false, header: false };
  const seen = { frames: 0, checkpoints: 0, beginnings: 0 };
  for (const [i, { what, file, at }] of calls.entries()) {
    if (file !== DATABASE && file !== LOG) continue;
    if (what === 's') {
      unsynced[file] = false;
      if (file === LOG) unsynced.header = false;
    } else if (file === DATABASE) {
      assert.ok(!unsynced[LOG], `call ${i}: the database is written, and the log is not synced`);
      if (!unsynced[DATABASE]) seen.checkpoints += 1;
      unsynced[DATABASE] = true;
    } else {
      assert.ok(!unsynced[DATABASE], `call ${i}: the log is written, and the database is not synced`);
      assert.ok(!unsynced.header || at === 0, `call ${i}: a frame is written, and the header is not synced`);
      unsynced[LOG] = true;
      if (at === 0) seen.beginnings += 1;
      else seen.frames += 1;
      unsynced.header ||= at === 0;
    }
  }
  return seen;
}
