import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildC, SANITIZED, whyNoC } from './c-build.ts';
import { CModule } from './c-module.ts';

test('the example module lives on when whoever was at the other end of its line goes just before it speaks', {
  skip: whyNoC(),
}, async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'keyferry-test-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const { module: program } = await buildC(SANITIZED, ['module']);
  const path = join(directory, 'line.sock');
  const who = ['--seed', 'k', '--link-id', 'ab', '--role', 'tx', '--listen', path, '--noise', '200'];
  const module = new CModule(program, who);
  t.after(() => module.end('SIGKILL'));
  await module.until('it listens', () => true);
  const line = createConnection(path);
  await once(line, 'connect');
  // It makes noise once a second: what it reads first when it goes on is followed by that.
  module.pause();
  line.end(Buffer.alloc(64));
  await once(line, 'finish');
  line.destroy();
  await sleep(1_100);
  module.goOn();
  const before = module.last;
  await module.until('it speaks', (report) => report !== before && report.event === 'status');
  await module.end('SIGTERM');
  assert.deepEqual(await module.ended, [0, null]);
});
