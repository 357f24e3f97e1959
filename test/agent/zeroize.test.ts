import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemWorld } from '../../src/agent/world.ts';
import { zeroizeFiles } from '../../src/agent/zeroize.ts';
import { zeroizedText } from '../../src/cli/zeroize.ts';
import { loadConfig } from '../../src/config/load.ts';
import { limits } from '../../src/limits.ts';
import { systemDisk } from '../../src/node/disk.ts';
import { holdersOf } from '../../src/node/holders.ts';
import { markZeroized, readZeroized, refuseZeroized } from '../../src/node/zeroized-mark.ts';
import { sound } from '../config/fault-cases.ts';
import { ManualClock } from '../manual-clock.ts';
import { addBlock, closeStore, directoryFor, openStore } from '../store/temp-store.ts';

const MAIN = join(import.meta.dirname, '../../src/main.ts');

/** A node with key, whose agent does not run. */
async function nodeIn(t: TestContext) {
  const folder = directoryFor(t);
  const [data, config] = [join(folder, 'data'), join(folder, 'config.yaml')];
  mkdirSync(data, { mode: 0o700 });
  writeFileSync(config, sound);
  writeFileSync(join(folder, 'node.key'), Buffer.alloc(32, 7), { mode: 0o600 });
  const store = openStore(t, data);
  await addBlock(store, 1, 4);
  await closeStore(store);
  return { folder, data, config };
}

test('a node that is zeroized by its files keeps nothing but the mark of it, and its agent does not start: exit code 3', async (t) => {
  const { folder, data, config } = await nodeIn(t);
  const done = await zeroizeFiles(systemWorld, loadConfig(config), 'a drill', holdersOf, false);
  assert.deepEqual([done.failures, done.agent, done.keys], [[], 'not_running', null]);
  assert.deepEqual(done.modules, { B: 'not told: that takes an agent' });
  assert.match(zeroizedText(done), /nothing on the disk could be opened any more\n/);
  const failures = ['key store: it could not be removed'];
  const left = zeroizedText({ ...done, key_destroyed_ms: null, failures });
  assert.doesNotMatch(left, /nothing on the disk/);
  assert.match(left, /^NOT ALL OF IT IS DESTROYED.*\n[\s\S]*NOT DONE: key store: /m);
  assert.deepEqual([readdirSync(folder), readdirSync(data)], [['config.yaml', 'data'], ['zeroized']]);
  assert.match(readZeroized(systemDisk, data) ?? '', /^\d{4}-\d\d-\d\dT\S+Z a drill$/);
  const { status, stderr } = spawnSync(process.execPath, [MAIN, 'run', config], { encoding: 'utf8' });
  assert.equal(status, 3, stderr);
  assert.match(stderr, /this node was zeroized: .* a drill\n.*keyferry commission.*\[host\.zeroized\]/);
});

test('a process that has the store open is found and named, also by a second zeroization, until it has ended', async (t) => {
  const { data, config } = await nodeIn(t);
  // It opens the store by the name that it has behind a link.
  renameSync(data, `${data}.there`);
  symlinkSync(`${data}.there`, data);
  const store = openSync(join(`${data}.there`, 'keys.sqlite'), 'r');
  const holder = spawn('sleep', ['60'], { stdio: ['ignore', 'ignore', 'ignore', store] });
  t.after(() => holder.kill('SIGKILL'));
  closeSync(store);
  const clock = new ManualClock();
  const zeroized = async () => {
    const done = zeroizeFiles({ ...systemWorld, clock }, loadConfig(config), 'a drill', holdersOf, false);
    await clock.leap(limits.zeroizedWaitMs + limits.tamperPollMs);
    return done;
  };
  for (const what of ['the first', 'the second']) {
    const { agent, failures } = await zeroized();
    assert.equal(agent, 'runs', what);
    assert.match(
      failures.join(),
      new RegExp(`^agent: one runs \\(process ${holder.pid}\\) and did not answer`),
    );
  }
  assert.equal(existsSync(join(data, 'keys.sqlite')), false);
  const third = zeroizeFiles({ ...systemWorld, clock }, loadConfig(config), 'a drill', holdersOf, false);
  holder.kill('SIGKILL');
  await once(holder, 'exit');
  await clock.leap(limits.tamperPollMs);
  const { agent, failures, modules } = await third;
  assert.deepEqual([agent, failures], ['ended', []]);
  assert.match(modules['B'] ?? '', /^told by the agent/);
});

test('an agent that takes the order and does not answer holds up no zeroization, and is not taken for one that does not run', async (t) => {
  const { folder, data, config } = await nodeIn(t);
  const socket = join(folder, 'control.sock');
  writeFileSync(config, `${sound}control: { socket: ${socket} }\n`);
  const server = createServer(() => {}).listen(socket);
  await once(server, 'listening');
  t.after(() => server.close());
  const zeroize = async (...options: string[]) => {
    const child = spawn(process.execPath, [MAIN, 'zeroize', '--yes', ...options]);
    let [said, complaint] = ['', ''];
    child.stdout.on('data', (text: Buffer) => (said += text.toString()));
    child.stderr.on('data', (text: Buffer) => (complaint += text.toString()));
    const [code] = (await once(child, 'close')) as [number];
    return { code, said, complaint };
  };
  const asked = await zeroize('--socket', socket);
  assert.equal(asked.code, 1);
  assert.match(asked.complaint, /did not answer within 0.8 s\n.*--config FILE.*\[host\.agent_silent\]/);
  const done = await zeroize('--config', config);
  assert.equal(done.code, 1, done.complaint);
  assert.match(done.said, /the agent runs, and was not told\n/);
  assert.match(done.said, /NOT DONE: agent: one runs and did not answer/);
  assert.deepEqual(readdirSync(data), ['zeroized']);
});

test('a mark that only another user can read is one; of a directory that cannot be searched nobody knows', (t) => {
  const data = directoryFor(t);
  assert.equal(readZeroized(systemDisk, data), undefined);
  markZeroized(systemDisk, data, 'a drill', 0);
  chmodSync(join(data, 'zeroized'), 0);
  chmodSync(data, 0o755);
  asNobody(() => {
    assert.match(readZeroized(systemDisk, data) ?? '', /^by another user/);
    assert.throws(() => refuseZeroized(systemDisk, data), { code: 'host.zeroized' });
  });
  chmodSync(data, 0o600);
  try {
    asNobody(() => {
      assert.throws(() => readZeroized(systemDisk, data), { code: 'EACCES' });
      assert.throws(() => refuseZeroized(systemDisk, data), { code: 'host.data_directory_unusable' });
    });
  } finally {
    chmodSync(data, 0o700);
  }
});

/** As a user who is not root, whoever we are. */
function asNobody(act: () => void): void {
  const self = process.geteuid!();
  if (self === 0) process.seteuid!(65_534);
  try {
    act();
  } finally {
    if (self === 0) process.seteuid!(0);
  }
}

test('a node that is commissioned has nothing of the store before, and a node key that its user can read', async (t) => {
  const { folder, data, config } = await nodeIn(t);
  const all = [folder, data, config, ...readdirSync(data).map((name) => join(data, name))];
  if (process.geteuid!() === 0) for (const path of all) chownSync(path, 65_534, 65_534);
  const commission = () => spawnSync(process.execPath, [MAIN, 'commission', config], { encoding: 'utf8' });
  // Whose key is lost, and nobody has zeroized it.
  rmSync(join(folder, 'node.key'));
  const lost = commission();
  assert.equal(lost.status, 1);
  assert.match(lost.stderr, /the node key is gone, and a store is there/);
  assert.deepEqual(readdirSync(folder).sort(), ['config.yaml', 'data']);
  // A zeroization that could not remove the store.
  markZeroized(systemDisk, data, 'a drill', 0);
  if (process.geteuid!() === 0) chownSync(join(data, 'zeroized'), 65_534, 65_534);
  const done = commission();
  assert.equal(done.status, 0, done.stderr);
  assert.match(done.stdout, /this node was zeroized: .* a drill\nit may start again, with an empty store\n$/);
  assert.deepEqual(readdirSync(data), ['commissioned']);
  const { uid } = statSync(data);
  assert.deepEqual(
    [join(folder, 'node.key'), join(data, 'commissioned')].map((file) => statSync(file).uid),
    [uid, uid],
  );
});

test('root follows nothing that the user of a node has put in the way of its zeroization or commissioning', async (t) => {
  if (process.geteuid!() !== 0) return t.skip('only root can be led astray');
  const { folder, data, config } = await nodeIn(t);
  const secret = join(directoryFor(t), 'of root');
  writeFileSync(secret, 'precious', { mode: 0o600 });
  for (const name of ['keys.sealing', 'node.key']) {
    const path = name === 'node.key' ? join(folder, name) : join(data, name);
    rmSync(path);
    symlinkSync(secret, path);
  }
  for (const path of [folder, data, config]) chownSync(path, 65_534, 65_534);
  const run = (...words: string[]) => spawnSync(process.execPath, [MAIN, ...words], { encoding: 'utf8' });
  const zeroized = run('zeroize', '--yes', '--config', config);
  assert.equal(zeroized.status, 1, zeroized.stdout);
  assert.match(zeroized.stdout, /^NOT ALL OF IT IS DESTROYED/m);
  run('commission', config);
  assert.deepEqual([readFileSync(secret, 'utf8'), statSync(secret).uid], ['precious', 0]);
});
