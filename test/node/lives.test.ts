import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { AgentError } from '../../src/errors.ts';
import { systemDisk } from '../../src/node/disk.ts';
import { Lives } from '../../src/node/lives.ts';
import { directoryFor } from '../store/temp-store.ts';

const broken = new AgentError('host.store_unusable', 'no room', { fault: 'host', remedy: 'Make some.' });

test('who ends soon, again and again, waits longer and longer before the next start, to a minute', (t) => {
  const directory = directoryFor(t);
  assert.equal(new Lives(systemDisk, directory).begin(), undefined);
  const waits = Array.from({ length: 9 }, () => new Lives(systemDisk, directory).begin()?.waitMs);
  assert.deepEqual(waits, [0, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]);
});

test('the next one knows why the last one ended; after a long life it does not wait', (t) => {
  const directory = directoryFor(t);
  for (let life = 0; life < 4; life++) {
    const lives = new Lives(systemDisk, directory);
    lives.begin();
    lives.ended(broken);
  }
  const after = new Lives(systemDisk, directory);
  assert.deepEqual(after.begin(), { quickEnds: 4, waitMs: 8_000, code: broken.code, reason: 'no room' });
  after.settled();
  const killed = new Lives(systemDisk, directory).begin();
  assert.deepEqual([killed?.quickEnds, killed?.waitMs, killed?.code], [0, 0, 'unknown']);
  after.stopped();
  assert.deepEqual(readdirSync(directory), []);
});

test('what cannot be read, or written, never stands in the way', (t) => {
  const directory = directoryFor(t);
  writeFileSync(join(directory, 'last-life.json'), '{"quick_ends":');
  assert.equal(new Lives(systemDisk, directory).begin(), undefined);
  for (const nowhere of [join(directory, 'gone'), undefined]) {
    const lives = new Lives(systemDisk, nowhere);
    assert.equal(lives.begin(), undefined);
    lives.ended(broken);
    lives.settled();
    lives.stopped();
  }
});

test('an agent that cannot start says at its third try what was wrong before, and waits', async (t) => {
  const directory = directoryFor(t);
  const config = join(directory, 'config.yaml');
  const keyferry = resolve(import.meta.dirname, '../../src/main.ts');
  const run = () =>
    new Promise<{ code: number | null; ms: number }>((done) => {
      const startMs = performance.now();
      const env = { ...process.env, RUNTIME_DIRECTORY: directory };
      spawn(process.execPath, [keyferry, 'run', config], { env, stdio: 'ignore' }).once('close', (code) =>
        done({ code, ms: performance.now() - startMs }),
      );
    });
  await run();
  const second = await run();
  const third = await run();
  assert.deepEqual([second.code, third.code], [1, 1]);
  assert.ok(third.ms > 2_000, `${third.ms} ms`);
  const next = new Lives(systemDisk, directory).begin();
  assert.deepEqual([next?.code, next?.quickEnds], ['configuration.faults', 3]);
  assert.match(next!.reason, /there is no such file/);
});
