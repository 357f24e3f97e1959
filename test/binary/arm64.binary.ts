import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { labFor, until } from '../end-to-end/lab.ts';
import { ARM64_ROOT, buildAll, whyNoBinary } from './built.ts';

const BLOCKS = 20;

test('the binary for arm64, emulated, reads a module on a terminal and agrees on its key over TLS with an agent on x64', {
  skip: whyNoBinary(),
}, async (t) => {
  const binary = join(await buildAll(), 'keyferry-linux-arm64');
  const emulated = (...words: string[]): [string, string[]] => [
    'qemu-aarch64-static',
    ['-L', ARM64_ROOT, binary, ...words],
  ];
  const facts = spawnSync(...emulated('version', '--json'), { encoding: 'utf8' });
  assert.match(facts.stdout, /"node":"24.*"code_cache":"used"/);
  const lab = await labFor(t, { lowWater: 1, highWater: 2 });
  for (const module of lab.modules.filter(({ linkId }) => linkId === 'ab')) lab.startModule(module);
  lab.startNode('B');
  const agent = spawn(...emulated('run', lab.node('A').config), { stdio: 'ignore' });
  t.after(() => agent.kill('SIGKILL'));
  const status = await until(lab, 'A', `${BLOCKS} blocks agreed on`, ({ links }) => {
    return (links[0]?.blocks_synchronised ?? 0) >= BLOCKS;
  });
  assert.equal(status.links[0]!.blocks_quarantined, 0);
  assert.equal(status.peers[0]!.state, 'up');
  agent.kill('SIGTERM');
  const [code] = (await once(agent, 'exit')) as [number | null];
  assert.equal(code, 0);
});
