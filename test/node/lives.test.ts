import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, fstatSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { AgentError } from '../../src/errors.ts';
import { limits } from '../../src/limits.ts';
import { systemDisk } from '../../src/node/disk.ts';
import { Lives } from '../../src/node/lives.ts';
import { until } from '../manual-clock.ts';
import { directoryFor } from '../store/temp-store.ts';

/** When what is told the next life was written, if it says that. */
function writtenMs(directory: string, says: RegExp): number | undefined {
  try {
    const file = openSync(join(directory, 'last-life.json'), 'r');
    try {
      return says.test(readFileSync(file, 'utf8')) ? fstatSync(file).mtimeMs : undefined;
    } finally {
      closeSync(file);
    }
  } catch {
    return undefined;
  }
}

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
  const env = { ...process.env, RUNTIME_DIRECTORY: directory };
  const run = () => {
    const agent = spawn(process.execPath, [keyferry, 'run', config], { env, stdio: 'ignore' });
    t.after(() => agent.kill('SIGKILL'));
    return agent;
  };
  const codes: number[] = [];
  for (let life = 0; life < 2; life++) codes.push((await once(run(), 'close'))[0] as number);
  const third = run();
  const ended = once(third, 'close');
  let beganMs: number | undefined;
  const begun = () => {
    beganMs = writtenMs(directory, /"quick_ends":2,"settled":false}/);
    return beganMs !== undefined || third.exitCode !== null;
  };
  await until('the third has begun', begun, 60_000);
  codes.push((await ended)[0] as number);
  assert.deepEqual(codes, [1, 1, 1]);
  assert.ok(beganMs !== undefined, 'it was not over before it was seen');
  // Both as the kernel has noted them, so that the start of a process does not count. Its clock for files is a coarse one.
  const waitedMs = writtenMs(directory, /"code"/)! - beganMs;
  assert.ok(waitedMs > limits.restartWaitMsMin - 20, `${waitedMs} ms`);
  const next = new Lives(systemDisk, directory).begin();
  assert.deepEqual([next?.code, next?.quickEnds], ['configuration.faults', 3]);
  assert.match(next!.reason, /there is no such file/);
});
