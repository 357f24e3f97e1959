import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';

const main = resolve(import.meta.dirname, '../../src/main.ts');
const work = mkdtempSync(join(tmpdir(), 'keyferry-pki-'));
after(() => rmSync(work, { recursive: true, force: true }));

function keyferry(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [main, ...args], { cwd: work, encoding: 'utf8' });
}

test('three commands make what a node needs, and keyferry check finds no fault in it', () => {
  const init = keyferry('pki', 'init', 'lab');
  assert.equal(init.status, 0, init.stderr);
  assert.equal(init.stdout, 'lab/kx-ca.pem\nlab/kx-ca.key\nlab/application-ca.pem\nlab/application-ca.key\n');
  const node = keyferry(
    'pki',
    'node',
    'lab',
    'A',
    '--host',
    'a.example',
    '--host',
    '192.0.2.1',
    '--days',
    '30',
  );
  assert.equal(node.status, 0, node.stderr);
  assert.equal(node.stdout.trim().split('\n').length, 5);
  const application = keyferry('pki', 'application', 'lab', 'app-a', '--algorithm', 'ed25519');
  assert.equal(application.status, 0, application.stderr);
  const config = `kma_id: A
data_directory: data
node_key: { file: lab/nodes/A/node.key }
kx: { certificate: lab/nodes/A/kx.pem, private_key: lab/nodes/A/kx.key, ca: lab/kx-ca.pem }
supply:
  listen: 127.0.0.1:8443
  certificate: lab/nodes/A/supply.pem
  private_key: lab/nodes/A/supply.key
  client_ca: lab/application-ca.pem
  applications: [{ sae_id: app-a }]
`;
  writeFileSync(join(work, 'config.yaml'), config);
  const check = keyferry('check', 'config.yaml');
  assert.equal(check.status, 0, check.stdout);
});

test('a second init changes nothing and says how to go on, with exit code 1', () => {
  assert.equal(keyferry('pki', 'init', 'twice').status, 0);
  const { status, stderr } = keyferry('pki', 'init', 'twice');
  assert.equal(status, 1);
  assert.match(stderr, /twice\/kx-ca\.pem is there already\n.*--force/);
});

test('wrong usage is exit code 2', () => {
  for (const args of [
    ['pki', 'init', 'x', '--algorithm', 'rsa'],
    ['pki', 'node', 'x', 'A', '--days', 'many'],
    ['check', 'a', '--jason'],
  ])
    assert.equal(keyferry(...args).status, 2, args.join(' '));
});
