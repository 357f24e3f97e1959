import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { pkiPaths } from '../../src/pki/directory.ts';
import { initPki, issueNode } from '../../src/pki/pki.ts';
import { until } from '../manual-clock.ts';
import { directoryFor } from '../store/temp-store.ts';

const MAIN = join(import.meta.dirname, '../../src/main.ts');

test('SIGHUP that comes before the agent is up is heard: it reads its configuration anew when it is', async (t) => {
  const folder = directoryFor(t);
  await initPki(folder);
  await issueNode(folder, 'A');
  const paths = pkiPaths(folder);
  const { kxCertificate, kxKey, nodeKey } = paths.node('A');
  const config = join(folder, 'A.yaml');
  writeFileSync(
    config,
    `kma_id: A
data_directory: ${join(folder, 'data')}
node_key: {file: ${nodeKey}}
control: {socket: ${join(folder, 'control.sock')}}
kx:
  listen: 127.0.0.1:0
  certificate: ${kxCertificate}
  private_key: ${kxKey}
  ca: ${paths.kxAuthority.certificate}
  peers: [{kma_id: B}]
`,
  );
  // After two ends in a row it waits before it starts.
  const lives = join(folder, 'last-life.json');
  writeFileSync(lives, JSON.stringify({ quick_ends: 1, settled: false }));
  const agent = spawn(process.execPath, [MAIN, 'run', config], {
    env: { ...process.env, RUNTIME_DIRECTORY: folder },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => agent.kill('SIGKILL'));
  await until('it waits', () => readFileSync(lives, 'utf8').includes('"quick_ends":2'), 60_000);
  agent.kill('SIGHUP');
  const events: string[] = [];
  for await (const line of createInterface(agent.stdout)) {
    const { event } = JSON.parse(line) as { event: string };
    events.push(event);
    if (event === 'agent.reloaded') agent.kill('SIGTERM');
  }
  if (agent.exitCode === null) await once(agent, 'exit');
  assert.deepEqual([agent.exitCode, agent.signalCode], [0, null]);
  assert.ok(events.indexOf('agent.started_again') < events.indexOf('agent.reloaded'));
});
