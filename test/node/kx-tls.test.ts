import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { connect } from 'node:tls';
import { createKxTransport } from '../../src/node/kx-tls.ts';
import { initPki, issueNode } from '../../src/pki/pki.ts';

test('the post-quantum hybrid group is agreed on where both ends have it, and the ID is that of the certificate', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'keyferry-kx-tls-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  await initPki(directory);
  const files = async (kmaId: string) => {
    await issueNode(directory, kmaId);
    const read = (name: string) => readFileSync(join(directory, name));
    return {
      certificate: read(`nodes/${kmaId}/kx.pem`),
      privateKey: read(`nodes/${kmaId}/kx.key`),
      ca: read('kx-ca.pem'),
    };
  };
  const seen: string[] = [];
  const server = await createKxTransport(await files('B')).listen('127.0.0.1', 0, (identity) => {
    seen.push(`${identity.kmaId} ${identity.protocol} ${identity.cipher.split(' ')[0]}`);
    return { refuse: 'seen enough' };
  });
  t.after(() => server.close());
  const { certificate: cert, privateKey: key, ca } = await files('A');
  const options = { host: '127.0.0.1', port: server.port, cert, key, ca, ALPNProtocols: ['keyferry/1'] };
  const socket = connect({ ...options, checkServerIdentity: () => undefined });
  await once(socket, 'secureConnect');
  const group = socket.getEphemeralKeyInfo() as { readonly name?: string } | null;
  assert.equal(group?.name, 'X25519MLKEM768');
  await once(socket, 'close');
  assert.deepEqual(seen, ['A keyferry/1 TLSv1.3']);
});
