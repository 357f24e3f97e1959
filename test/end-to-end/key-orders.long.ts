import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Destroyed } from '../../src/agent/keys.ts';
import type { Zeroized } from '../../src/agent/zeroize.ts';
import type { Lab } from '../../src/cli/demo/lab.ts';
import { labFor, logOf, ownKeys, statusOf, until } from './lab.ts';

const keyferry = resolve(import.meta.dirname, '../../src/main.ts');

/** Nodes A and B and the two modules of their link. */
async function pair(t: TestContext): Promise<Lab> {
  const lab = await labFor(t, { blockBytes: 32_768 });
  for (const module of lab.modules.filter(({ linkId }) => linkId === 'ab')) lab.startModule(module);
  for (const kmaId of ['A', 'B']) lab.startNode(kmaId);
  for (const kmaId of ['A', 'B'])
    await until(lab, kmaId, 'key', (status) => ownKeys(status, kmaId === 'A' ? 'B' : 'A') > 3_000);
  return lab;
}

function run(...words: string[]) {
  return spawnSync(process.execPath, [keyferry, ...words], { encoding: 'utf8' });
}

const socketOf = (lab: Lab, kmaId: string) => ['--socket', lab.node(kmaId).socket];

const ended = (lab: Lab, kmaId: string) => lab.programs.get(kmaId)!.ended;

test('an operator sees the key that a node holds, and destroys some: the neighbour gives up its half', async (t) => {
  const lab = await pair(t);
  for (const module of ['ab-A', 'ab-B']) await lab.programs.get(module)!.stop();
  const shown = run('keys', 'B', ...socketOf(lab, 'A'));
  assert.equal(shown.status, 0, shown.stderr);
  assert.match(shown.stdout, /^with KMA +direction +ready keys/);
  assert.match(shown.stdout, /own +ready +– +1024 +1022 .* link ab-tx ab +\d\.\d\d %/);
  const refused = run('keys', 'destroy', ...socketOf(lab, 'A'));
  assert.deepEqual([refused.status, refused.stdout], [2, '']);
  assert.match(run('keys', 'destroy', '--pool', 'X', ...socketOf(lab, 'A')).stderr, /keys\.unknown_pool/);
  const none = run('keys', 'destroy', '--older-than', '1h', '--json', ...socketOf(lab, 'A'));
  assert.deepEqual(JSON.parse(none.stdout), { blocks: 0, keys: 0 });
  const done = run('keys', 'destroy', '--pool', 'B', '--json', ...socketOf(lab, 'A'));
  const { blocks } = JSON.parse(done.stdout) as Destroyed;
  assert.ok(blocks >= 6, done.stdout + done.stderr);
  await until(lab, 'B', 'it gave up its half', (status) => ownKeys(status, 'A') === 0);
  assert.equal(ownKeys(await statusOf(lab, 'A'), 'B'), 0);
  for (const module of lab.modules.filter(({ linkId }) => linkId === 'ab')) lab.startModule(module);
  await until(lab, 'A', 'new key', (status) => ownKeys(status, 'B') > 0);
});

test('the node key is changed while the agent runs; the old one opens nothing from the reload on', async (t) => {
  const lab = await pair(t);
  const nodeKey = join(lab.directory, 'pki/nodes/A/node.key');
  const next = join(lab.directory, 'next.key');
  writeFileSync(next, randomBytes(32), { mode: 0o600 });
  const old = readFileSync(nodeKey);
  const rotated = run('rotate-node-key', next, ...socketOf(lab, 'A'));
  assert.match(
    rotated.stdout,
    /^\d+ records sealed anew in [\d.]+ ms\nPut the new key in the place of .*node\.key, then run/,
  );
  assert.match(run('reload', ...socketOf(lab, 'A')).stdout, /2 node keys open the store/);
  renameSync(next, nodeKey);
  assert.doesNotMatch(run('reload', ...socketOf(lab, 'A')).stdout, /node keys/);
  const before = ownKeys(await statusOf(lab, 'A'), 'B');
  await lab.programs.get('A')!.stop();
  writeFileSync(nodeKey, old);
  lab.startNode('A');
  assert.equal(await ended(lab, 'A'), 1);
  assert.match(lab.complaint('A'), /configuration\.wrong_node_key/);
  assert.ok(before > 0);
});

test('a node that is zeroized holds nothing, ends, and starts again only when it is commissioned', async (t) => {
  const lab = await pair(t);
  const { config } = lab.node('A');
  assert.equal(run('zeroize', ...socketOf(lab, 'A')).status, 2);
  const drill = run('zeroize', '--yes', '--why', 'a drill', '--json', ...socketOf(lab, 'A'));
  assert.equal(drill.stderr, '');
  const { key_destroyed_ms, ...done } = JSON.parse(drill.stdout) as Zeroized;
  assert.ok(key_destroyed_ms !== null && key_destroyed_ms < 1_000, `${key_destroyed_ms} ms`);
  assert.deepEqual([done.why, done.failures], ['a drill', []]);
  assert.match(done.node_key, /node\.key was overwritten and removed$/);
  assert.match(done.modules['B']!, /^done \d+ blocks were wiped$/);
  assert.ok(done.keys! > 3_000);
  assert.equal(await ended(lab, 'A'), 3);
  assert.deepEqual(
    readdirSync(join(lab.directory, 'A/data')).filter((name) => /^keys\./.test(name)),
    [],
  );
  assert.equal(existsSync(join(lab.directory, 'pki/nodes/A/node.key')), false);
  assert.equal(logOf(lab, 'A').filter(({ event }) => event === 'agent.zeroized').length, 1);
  lab.startNode('A');
  assert.equal(await ended(lab, 'A'), 3);
  assert.match(lab.complaint('A'), /host\.zeroized/);
  assert.match(
    run('commission', config).stdout,
    /made a new node key: .*\nthis node was zeroized: .* a drill\n/,
  );
  lab.startNode('A');
  await until(lab, 'A', 'new key', (status) => ownKeys(status, 'B') > 0);
  await until(lab, 'B', 'new key', (status) => ownKeys(status, 'A') > 0);
  // The record outlives the key.
  const { status, stdout, stderr } = run('audit', 'verify', '--config', config);
  assert.equal(status, 0, stdout + stderr);
  assert.match(run('audit', 'show', '--config', config).stdout, /agent\.zeroized.*a drill/);
});

test('the tamper switch zeroizes, and a node whose agent does not run is zeroized by its files', async (t) => {
  const lab = await pair(t);
  const [a, b] = ['A', 'B'].map((kmaId) => lab.node(kmaId));
  await lab.programs.get('A')!.stop();
  const tamper = join(lab.directory, 'gpio');
  writeFileSync(tamper, '0\n');
  writeFileSync(a!.config, `${readFileSync(a!.config, 'utf8')}tamper:\n  file: ${tamper}\n`);
  lab.startNode('A');
  await until(lab, 'A', 'it is up', (status) => status.peers[0]!.state === 'up');
  writeFileSync(tamper, '1\n');
  assert.equal(await ended(lab, 'A'), 3);
  const said = logOf(lab, 'A').find(({ event }) => event === 'agent.zeroized');
  assert.equal(said?.['why'], 'the tamper switch says so');
  assert.equal(existsSync(join(lab.directory, 'A/data/keys.sealing')), false);
  await lab.programs.get('B')!.stop();
  const done = run('zeroize', '--yes', '--config', b!.config);
  assert.match(done.stdout, /the agent was not running/);
  assert.match(done.stdout, /removed .*keys\.sealing/);
  assert.equal(done.status, 0);
  lab.startNode('B');
  assert.equal(await ended(lab, 'B'), 3);
  // What nobody was there to put on record is on record once the node is in service again.
  assert.equal(run('commission', b!.config).status, 0);
  lab.startNode('B');
  await until(lab, 'B', 'it is up', (status) => status.kma_id === 'B');
  const shown = () => run('audit', 'show', '--config', b!.config, '--what', 'agent.commissioned').stdout;
  for (let tries = 0; tries < 50 && shown() === ''; tries++) await new Promise((go) => setTimeout(go, 100));
  assert.match(shown(), /agent\.commissioned.*it was zeroized: .* an operator said so/);
  assert.equal(existsSync(join(lab.directory, 'B/data/commissioned')), false);
});

test('a running agent that a zeroization does not reach sees the mark of it, and destroys what it has in memory', async (t) => {
  const lab = await pair(t);
  const done = zeroizedPast(lab, 'A');
  assert.equal(done.status, 0, done.stdout);
  assert.match(done.stdout, /the agent did not answer, and has ended/);
  assert.equal(await ended(lab, 'A'), 3);
  assert.match(
    String(logOf(lab, 'A').find(({ event }) => event === 'agent.zeroized')?.['why']),
    /^the data directory is marked: .* an operator said so$/,
  );
  // One that does nothing any more still has its key.
  lab.programs.get('B')!.signal('SIGSTOP');
  const stopped = zeroizedPast(lab, 'B');
  assert.equal(stopped.status, 1);
  assert.match(stopped.stdout, /the agent runs, and was not told\n/);
  assert.match(stopped.stdout, /removed .*keys\.sealing/);
  assert.match(stopped.stdout, /NOT DONE: agent: .*End it at once/);
  lab.programs.get('B')!.signal('SIGCONT');
  assert.equal(await ended(lab, 'B'), 3);
});

/** By its files: the configuration that the command is given names another socket. */
function zeroizedPast(lab: Lab, kmaId: string) {
  const { config } = lab.node(kmaId);
  const other = join(lab.directory, `${kmaId}-other.yaml`);
  writeFileSync(other, readFileSync(config, 'utf8').replace(/socket: .*/, 'socket: /nowhere/control.sock'));
  return run('zeroize', '--yes', '--config', other);
}
