import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import type { Lab } from '../../src/cli/demo/lab.ts';
import { labFor, logOf, until } from '../end-to-end/lab.ts';
import { cannotMount, mountFor } from '../mount.ts';
import { fill } from './fill-disk.ts';

const MAIN = join(import.meta.dirname, '../../src/main.ts');
const keyferry = (...parameters: string[]) =>
  spawnSync(process.execPath, [MAIN, ...parameters], { encoding: 'utf8' });

/** Node A by itself with the module of its link, its data directory where `data` says. */
async function nodeA(t: TestContext, data?: string): Promise<{ lab: Lab; data: string; config: string }> {
  const lab = await labFor(t, { logLevel: 'debug' });
  const { config } = lab.node('A');
  if (data !== undefined)
    fs.writeFileSync(
      config,
      fs.readFileSync(config, 'utf8').replace('data_directory: A/data', `data_directory: ${data}`),
    );
  fs.mkdirSync(join(lab.directory, 'A'));
  return { lab, data: data ?? join(lab.directory, 'A', 'data'), config };
}

const blocks = (lab: Lab, more: number, ms?: number) =>
  until(lab, 'A', `${more} blocks are stored`, ({ links }) => (links[0]?.blocks_stored ?? 0) >= more, ms);

test('a full disk under an agent: log and status say it, the module keeps its blocks, and all goes on when there is room', {
  skip: cannotMount(),
}, async (t) => {
  const mount = mountFor(t, 'size=12m,mode=0700');
  const { lab, data, config } = await nodeA(t, mount.path);
  // An agent lets nobody read what it makes, whatever it is told.
  const before = process.umask(0);
  lab.startModule(lab.modules[0]!);
  lab.startNode('A');
  process.umask(before);
  await blocks(lab, 5);
  for (const name of fs.readdirSync(data)) assert.equal(fs.statSync(join(data, name)).mode & 0o077, 0, name);

  const second = keyferry('run', config);
  assert.equal(second.status, 1);
  assert.match(second.stderr, /another process holds the key store .*\n.*\[host\.store_locked\]/);
  assert.equal(keyferry('store', 'check', '--config', config).status, 3);

  const free = fill(data);
  const full = await until(lab, 'A', 'a write fails', ({ store }) => store.write_failed !== null);
  assert.match(full.warnings.join(), /could not be written: database or disk is full.*Free space/);
  free();
  const { links, store } = await until(
    lab,
    'A',
    'writes go on',
    (status) => status.store.write_failed === null,
  );
  assert.ok(store.commits > 0);
  await blocks(lab, links[0]!.blocks_stored + 5);
  assert.ok(logOf(lab, 'A').some(({ event }) => event === 'kma.block.not_stored'));

  await lab.programs.get('A')!.stop();
  const checked = keyferry('store', 'check', '--config', config);
  assert.equal(checked.status, 0, checked.stdout);
  assertStored(lab, data);
});

/** Every block that the module was told is stored is known to the store. */
function assertStored(lab: Lab, data: string): void {
  const db = new DatabaseSync(join(data, 'keys.sqlite'), { readOnly: true });
  const known = db.prepare('SELECT 1 FROM block WHERE number = ?');
  const told = logOf(lab, 'A').filter(({ event }) => event === 'module.acknowledged');
  assert.ok(told.length > 0);
  for (const { number } of told) assert.ok(known.get(number as number), `block ${number} is lost`);
  db.close();
}

const fakeTime = '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1';
const noFakeTime =
  process.platform === 'linux' && fs.existsSync(fakeTime)
    ? false
    : 'missing: libfaketime (Debian: apt-get install faketime)';

test('an agent whose clock was set back by hours while it was stopped says so in log and status', {
  skip: noFakeTime,
}, async (t) => {
  const { lab, config } = await nodeA(t);
  const out = fs.openSync(join(lab.directory, 'ahead.log'), 'w');
  const environment = {
    ...process.env,
    LD_PRELOAD: fakeTime,
    FAKETIME: '+3h',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  };
  const ahead = spawn(process.execPath, [MAIN, 'run', config], {
    stdio: ['ignore', out, out],
    env: environment,
  });
  t.after(() => ahead.kill('SIGKILL'));
  // Its first time is on the disk with the first write that somebody waits for, or after a second.
  await until(lab, 'A', 'its time is kept', ({ store }) => store.commits > 0);
  const ended = new Promise((resolve) => ahead.once('exit', resolve));
  ahead.kill('SIGTERM');
  await ended;
  lab.startNode('A');
  const { warnings } = await until(lab, 'A', 'it runs', () => true);
  assert.match(warnings.join(), /the clock went back by 1(79|80) minutes/);
  const line = logOf(lab, 'A').find(({ event }) => event === 'clock.back');
  assert.deepEqual([line?.['level'], line?.['code']], ['error', 'host.clock_back']);
});
