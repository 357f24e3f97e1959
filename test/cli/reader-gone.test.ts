import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, lstatSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('../../build/keyferry', import.meta.url));

test('a command whose reader has gone ends well, and puts away what it has made', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'keyferry-reader-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const link = join(directory, 'module.tty');
  const who = ['--seed', 's', '--link-id', 'ab', '--role', 'tx', '--symlink', link, '--json'];
  const module = spawn(PROGRAM, ['simulate-module', ...who], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => module.kill('SIGKILL'));
  await once(module.stdout, 'data');
  assert.ok(existsSync(link));
  module.stdout.destroy();
  const [code] = (await once(module, 'exit')) as [number | null];
  assert.equal(code, 0);
  assert.equal(lstatSync(link, { throwIfNoEntry: false }), undefined);
});
