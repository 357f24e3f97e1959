import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { callAgent } from '../../src/cli/control-client.ts';
import { Program } from '../../src/cli/demo/program.ts';
import type { Status } from '../../src/observe/status.ts';
import { initPki, issueNode } from '../../src/pki/pki.ts';
import type { Finding } from '../../src/probe/run.ts';
import { ToyKm } from '../probe/toy-km.ts';

const PROGRAM = fileURLToPath(new URL('../../build/keyferry', import.meta.url));
const START_MS = 20_000;

type Report = { readonly findings: readonly Finding[]; readonly results: { readonly fail: number } };
type Node = { readonly directory: string; readonly socket: string; readonly port: number };

/** A real node A with the neighbours P (plain, the probe), K (keyferry/1, the probe) and D (plain, a toy that A dials). */
async function nodeFor(t: TestContext): Promise<Node> {
  const directory = mkdtempSync(join(tmpdir(), 'keyferry-probed-'));
  let program: Program | undefined;
  t.after(async () => {
    await program?.stop();
    rmSync(directory, { recursive: true, force: true });
  });
  const pki = join(directory, 'pki');
  await initPki(pki);
  for (const kmaId of ['A', 'P', 'K', 'D']) await issueNode(pki, kmaId);
  const read = (name: string) => readFileSync(join(pki, name));
  const toy = new ToyKm('D', {
    cert: read('nodes/D/kx.pem'),
    key: read('nodes/D/kx.key'),
    ca: read('kx-ca.pem'),
  });
  t.after(() => toy.stop());
  await toy.listen();
  const socket = join(directory, 'control.sock');
  const config = join(directory, 'A.yaml');
  writeFileSync(config, configuration(socket, toy.port), { mode: 0o600 });
  program = new Program('A', ['run', config], join(directory, 'A.log'));
  const endMs = performance.now() + START_MS;
  for (;;) {
    const status = await callAgent<Status>(socket, 'GET', '/v1/status').catch(() => undefined);
    const up = status?.peers.find(({ kma_id }) => kma_id === 'D')?.state === 'up';
    if (up && status?.kx_port != null) return { directory, socket, port: status.kx_port };
    if (performance.now() > endMs) throw new Error(readFileSync(join(directory, 'A.log'), 'utf8'));
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function configuration(socket: string, toyPort: number): string {
  return `
kma_id: A
data_directory: data
node_key: { file: pki/nodes/A/node.key }
control: { socket: ${socket} }
log: { level: info }
kx:
  listen: 127.0.0.1:0
  certificate: pki/nodes/A/kx.pem
  private_key: pki/nodes/A/kx.key
  ca: pki/kx-ca.pem
  peers:
    - { kma_id: P, protocol: plain, unprotected_key: true }
    - { kma_id: D, protocol: plain, unprotected_key: true, address: 127.0.0.1:${toyPort} }
    - { kma_id: K }
links: []
`;
}

function probe(
  { directory, port }: Node,
  kmaId: string,
  more: readonly string[],
): Promise<{ code: number; text: string }> {
  const file = (name: string) => join(directory, 'pki', name);
  const identity = [
    '--certificate',
    file(`nodes/${kmaId}/kx.pem`),
    '--private-key',
    file(`nodes/${kmaId}/kx.key`),
  ];
  const parameters = [
    'probe',
    `127.0.0.1:${port}`,
    ...identity,
    '--ca',
    file('kx-ca.pem'),
    '--timeout',
    '2',
    ...more,
  ];
  return new Promise((resolve, reject) => {
    execFile(PROGRAM, parameters, { timeout: 120_000 }, (error, text, complaint) => {
      if (complaint !== '') reject(new Error(complaint));
      else resolve({ code: error === null ? 0 : Number(error.code), text });
    });
  });
}

const brief = (findings: readonly Finding[], result: Finding['result']) =>
  findings.filter((one) => one.result === result).map(({ name, reason }) => `${name}: ${reason}`);

// Payloads that mean nothing are dropped without an answer (docs/kx.md).
const MAY_BE_SILENT = ['supply-negative', 'supply-huge', 'supply-text', 'supply-no-session'];

test('a real node passes the probe, plain and keyferry/1, and serves on', { timeout: 180_000 }, async (t) => {
  const node = await nodeFor(t);

  await t.test('as a plain Q.4163 peer, destination and transit', async () => {
    const more = ['--kma-id', 'A', '--further-destination', 'D', '--unprotected-key', '--json'];
    const { code, text } = await probe(node, 'P', more);
    const { findings, results } = JSON.parse(text) as Report;
    assert.deepEqual(brief(findings, 'fail'), []);
    assert.equal(results.fail, 0);
    assert.equal(code, 0);
    const silent = findings.filter(({ result }) => result === 'not-answered');
    assert.deepEqual(
      silent.filter(({ name }) => !MAY_BE_SILENT.includes(name)).map(({ name }) => name),
      [],
    );
    const passed = findings.filter(({ result }) => result === 'pass').map(({ name }) => name);
    for (const name of [
      'accepted',
      'completion',
      'spelling-4',
      'transit-named',
      'transit-unnamed',
      'transit-extensions',
      'byte-by-byte',
    ])
      assert.ok(passed.includes(name), name);
  });

  await t.test('as a keyferry/1 peer', async () => {
    const { code, text } = await probe(node, 'K', ['--protocol', 'keyferry', '--json']);
    const { findings } = JSON.parse(text) as Report;
    assert.deepEqual([...brief(findings, 'fail'), ...brief(findings, 'not-answered')], []);
    assert.equal(code, 0);
    assert.ok(findings.length >= 25);
  });

  await t.test('without leave it sends no key, and a wrong expectation fails', async () => {
    const { code, text } = await probe(node, 'P', [
      '--kma-id',
      'B',
      '--check',
      'peer-identity',
      '--check',
      'accepted',
    ]);
    assert.equal(code, 1);
    assert.match(text, /^peer-identity .* FAIL .* KMA ID A, not B$/m);
    assert.match(text, /^accepted .* not-answered .* only with --unprotected-key$/m);
    assert.match(text, /\n0 pass, 1 fail, 1 not answered\n$/);
  });

  const status = await callAgent<Status>(node.socket, 'GET', '/v1/status');
  assert.equal(
    status.peers.find(({ kma_id }) => kma_id === 'D')?.connects,
    1,
    'D stayed connected through all this',
  );
});
