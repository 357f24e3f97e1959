import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Lab } from '../../src/cli/demo/lab.ts';
import { labFor, logOf, until } from './lab.ts';

const keyferry = resolve(import.meta.dirname, '../../src/main.ts');

/** Nodes A and B and the two modules of their link. */
async function pair(t: TestContext): Promise<Lab> {
  const lab = await labFor(t);
  const modules = lab.modules.filter(({ linkId }) => linkId === 'ab');
  for (const module of modules) lab.startModule(module);
  for (const kmaId of ['A', 'B']) lab.startNode(kmaId);
  return lab;
}

function command(lab: Lab, ...words: string[]) {
  const args = [keyferry, 'module', ...words, '--socket', lab.node('A').socket];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  return { status, stdout, stderr };
}

test('an operator commands a module by its link through the agent', async (t) => {
  const lab = await pair(t);
  await until(lab, 'A', 'blocks in step', ({ links }) => links[0]!.blocks_synchronised > 5);
  assert.deepEqual(command(lab, 'B', 'identify'), {
    ...{ status: 0, stdout: 'done: a simulated light blinks\n', stderr: '' },
  });
  const stopped = command(lab, 'ab', 'stop', '--json');
  assert.deepEqual(JSON.parse(stopped.stdout), { outcome: 'done', text: 'makes no key' });
  const { links } = await until(lab, 'A', 'a module that makes nothing', (status) => {
    return status.links[0]!.telemetry.status === 'passive';
  });
  assert.equal(links[0]!.proved, true);
  assert.equal(links[0]!.skr, 0);
  assert.equal(command(lab, 'B', 'start').status, 0);
  await until(
    lab,
    'A',
    'a module that makes key',
    (status) => status.links[0]!.telemetry.status === 'active',
  );
  assert.match(command(lab, 'B', 'zeroize').stdout, /^done: [0-9]+ blocks were wiped\n$/);
  const unable = command(lab, 'B', 'self-test');
  assert.deepEqual([unable.status, unable.stdout.split(':')[0]], [1, 'not supported']);
  assert.deepEqual(command(lab, 'B', 'release').stdout, 'done: 0 blocks were held\n');
  assert.deepEqual(command(lab, 'B', 'discard').stdout, 'done: 0 blocks are destroyed\n');
  const unknown = command(lab, 'Z', 'stop');
  assert.deepEqual([unknown.status, /Name the link by its peer: B/.test(unknown.stderr)], [1, true]);
  assert.equal(command(lab, 'B', 'explode').status, 2);
});

test('a link goes by the ID that the configuration gives it, also while its module is away', async (t) => {
  const lab = await labFor(t);
  lab.startNode('A');
  const { links } = await until(lab, 'A', 'a link', (status) => status.links.length > 0);
  assert.deepEqual([links[0]!.link_id, links[0]!.module], ['ab', null]);
  const shown = command(lab, 'ab', '--json');
  assert.equal(shown.status, 0, shown.stderr);
  assert.equal((JSON.parse(shown.stdout) as { peer: string }).peer, 'B');
  assert.equal(command(lab, 'ab', 'release').stdout, 'done: 0 blocks were held\n');
  const [seen, ordered] = [command(lab, 'ac'), command(lab, 'ac', 'release')];
  assert.deepEqual([seen.status, seen.stderr], [1, ordered.stderr]);
});

test('a swapped module that has not the key feeds nothing, and the right one goes on where it was', async (t) => {
  const lab = await pair(t);
  const module = lab.modules.find(({ linkId, kmaId }) => linkId === 'ab' && kmaId === 'A')!;
  await until(lab, 'A', 'blocks in step', ({ links }) => links[0]!.blocks_synchronised > 5);
  await lab.programs.get('ab-A')!.stop();
  await until(lab, 'A', 'the loss', ({ links }) => links[0]!.state === 'lost');
  const other = `${lab.directory}/other.key`;
  writeFileSync(other, randomBytes(32), { mode: 0o600 });
  const evil = lab.startModule({ ...module, key: other });
  const before = (await until(lab, 'A', 'a status', () => true)).links[0]!;
  const refused = () =>
    logOf(lab, 'A').some(
      ({ event, reason }) => event === 'module.hung-up' && /module key/.test(String(reason)),
    );
  await until(lab, 'A', 'that it is refused', refused);
  const after = (await until(lab, 'A', 'a status', () => true)).links[0]!;
  assert.deepEqual([after.state, after.blocks_stored], ['lost', before.blocks_stored]);
  await evil.stop();
  lab.startModule(module);
  await until(lab, 'A', 'more blocks in step', ({ links }) => {
    return links[0]!.blocks_synchronised > before.blocks_synchronised + 5;
  });
});
