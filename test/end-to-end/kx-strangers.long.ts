import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect as tcp } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { type ConnectionOptions, connect } from 'node:tls';
import type { Lab } from '../../src/cli/demo/lab.ts';
import { initPki, issueNode } from '../../src/pki/pki.ts';
import { labFor, logOf, statusOf, until } from './lab.ts';

// Ended by the other side, with what it sent before; a listener that said nothing counts as well.
function ending(options: ConnectionOptions, send: Buffer): Promise<{ sent: number; ms: number }> {
  return new Promise((resolve) => {
    const startMs = performance.now();
    let sent = 0;
    const socket = connect({ ...options, checkServerIdentity: () => undefined }, () => socket.write(send));
    socket.on('data', (chunk) => {
      sent += chunk.length;
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve({ sent, ms: performance.now() - startMs }));
  });
}

function filesOf(directory: string, kmaId: string): ConnectionOptions {
  const node = join(directory, 'nodes', kmaId);
  const read = (name: string) => readFileSync(join(node, name));
  return { cert: read('kx.pem'), key: read('kx.key'), ca: readFileSync(join(directory, 'kx-ca.pem')) };
}

test('strangers at the Kx port waste their own connection only', async (t) => {
  const lab = await labFor(t);
  for (const kmaId of ['A', 'B']) lab.startNode(kmaId);
  await until(lab, 'B', 'A has connected', (status) => status.peers.some((peer) => peer.state === 'up'));
  const pki = join(lab.directory, 'pki');
  const port = lab.node('B').kxPort;
  const at = { host: '127.0.0.1', port, minVersion: 'TLSv1.3', ALPNProtocols: ['keyferry/1'] } as const;
  const garbage = randomBytes(4096);

  await t.test('without a certificate', async () => {
    assert.equal((await ending({ ...at, ca: filesOf(pki, 'C').ca! }, garbage)).sent, 0);
  });
  await t.test('with a certificate of another authority', async () => {
    const foreign = join(lab.directory, 'foreign');
    await initPki(foreign);
    await issueNode(foreign, 'C');
    assert.equal(
      (await ending({ ...at, ...filesOf(foreign, 'C'), ca: filesOf(pki, 'C').ca! }, garbage)).sent,
      0,
    );
  });
  await t.test("with an application's certificate", async () => {
    const { certificate, key } = lab.application('app-c');
    const files = { cert: readFileSync(certificate), key: readFileSync(key), ca: filesOf(pki, 'C').ca! };
    assert.equal((await ending({ ...at, ...files }, garbage)).sent, 0);
  });
  await t.test('with the certificate of a KMA that is no peer', async () => {
    await issueNode(pki, 'D');
    assert.equal((await ending({ ...at, ...filesOf(pki, 'D') }, garbage)).sent, 0);
  });
  await t.test('a peer that does not agree on keyferry/1', async () => {
    const { ALPNProtocols: _, ...plain } = at;
    assert.equal((await ending({ ...plain, ...filesOf(pki, 'C') }, garbage)).sent, 0);
  });
  await t.test('TLS 1.2', async () => {
    const old = { ...at, minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } as const;
    assert.equal((await ending({ ...old, ...filesOf(pki, 'C') }, garbage)).sent, 0);
  });
  await t.test('a peer that sends garbage after the handshake', async () => {
    const { ms } = await ending({ ...at, ...filesOf(pki, 'C') }, garbage);
    assert.ok(ms < 5_000, 'it is cut off at once, not by a time-out');
  });
  await t.test('plain TCP, saying nothing, is cut off in time', { timeout: 60_000 }, async () => {
    const socket = tcp(port, '127.0.0.1');
    await new Promise<void>((resolve) => socket.on('close', () => resolve()).on('error', () => {}));
  });

  const status = await statusOf(lab, 'B');
  assert.equal(
    status.peers.find((peer) => peer.kma_id === 'A')?.state,
    'up',
    'A stayed connected through all this',
  );
  assertLogged(lab);
});

function assertLogged(lab: Lab): void {
  const events = logOf(lab, 'B').map((line) => line['event']);
  assert.ok(events.includes('kx.peer.unknown'), 'the log names the KMA that is no peer');
  assert.ok(!events.includes('agent.broken'));
}
