import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { connect } from 'node:tls';
import type { Reloaded } from '../../src/agent/reload.ts';
import { callAgent } from '../../src/cli/control-client.ts';
import type { Lab } from '../../src/cli/demo/lab.ts';
import type { AgentError } from '../../src/errors.ts';
import { issueNode } from '../../src/pki/pki.ts';
import { makeKxCrl } from '../../src/pki/revoke.ts';
import { labFor, logOf, ownKeys, startAll, statusOf, until } from './lab.ts';

const reload = (lab: Lab, kmaId: string) => callAgent<Reloaded>(lab.node(kmaId).socket, 'POST', '/v1/reload');
const relay = (lab: Lab) =>
  callAgent(lab.node('A').socket, 'POST', '/v1/relay', { destination: 'C', keys: 1 });

/** The serial number of the certificate that a node shows to whoever dials. */
function shown(lab: Lab, kmaId: string, door: 'kxPort' | 'supplyPort'): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port: lab.node(kmaId)[door], rejectUnauthorized: false });
    socket.on('error', reject);
    socket.on('secureConnect', () => {
      resolve(socket.getPeerX509Certificate()?.serialNumber);
      socket.destroy();
    });
  });
}

test('certificates and revocation lists are reloaded while relays go on; a revoked peer is cut off and stays out', async (t) => {
  const lab = await labFor(t, { lowWater: 1, highWater: 1 });
  const pki = join(lab.directory, 'pki');
  await makeKxCrl(pki, []);
  for (const { config } of lab.nodes) {
    const text = readFileSync(config, 'utf8');
    writeFileSync(config, text.replace('ca: pki/kx-ca.pem', 'ca: pki/kx-ca.pem\n  crl: pki/kx-crl.pem'));
  }
  startAll(lab);
  await until(lab, 'A', 'there is pad', (status) => ownKeys(status, 'B') > 200);
  await until(lab, 'B', 'there is pad', (status) => ownKeys(status, 'C') > 200);
  const failedBefore = (await statusOf(lab, 'A')).relay.source.failed;
  let relays = 0;
  let going = true;
  const relaying = (async () => {
    for (; going; relays += 1) await relay(lab);
  })();

  await t.test(
    'nodes change their certificates and all reload, by command or by signal, and no relay fails',
    async () => {
      const doors = { kx: await shown(lab, 'A', 'kxPort'), supply: await shown(lab, 'A', 'supplyPort') };
      // C keeps its own, which is what its connection was made with, for later.
      for (const kmaId of ['A', 'B']) await issueNode(pki, kmaId, undefined, { force: true, days: 100 });
      assert.equal((await reload(lab, 'A')).connections_ended, 0);
      assert.equal((await reload(lab, 'B')).connections_ended, 0);
      lab.programs.get('C')?.signal('SIGHUP');
      const before = relays;
      await until(lab, 'C', 'C has reloaded', () =>
        logOf(lab, 'C').some((line) => line['event'] === 'agent.reloaded'),
      );
      await until(lab, 'A', 'relays go on', () => relays > before + 20);
      assert.notEqual(await shown(lab, 'A', 'kxPort'), doors.kx);
      assert.notEqual(await shown(lab, 'A', 'supplyPort'), doors.supply);
      for (const { kmaId } of lab.nodes)
        for (const peer of (await statusOf(lab, kmaId)).peers) assert.equal(peer.connects, 1);
      const { kx_certificate_expires, kx_crl_next_update } = await statusOf(lab, 'B');
      assert.ok(Math.abs(Date.parse(kx_certificate_expires) - Date.now() - 100 * 86_400_000) < 600_000);
      assert.ok(Date.parse(kx_crl_next_update!) > Date.now());
    },
  );

  await t.test('files with a fault are refused, each with its name, and nothing changes', async () => {
    const node = join(pki, 'nodes', 'B');
    const spoilt: [string, string, RegExp][] = [
      [join(node, 'kx.pem'), 'no PEM', /kx\.certificate/],
      [join(node, 'kx.key'), readFileSync(join(pki, 'nodes', 'A', 'kx.key'), 'utf8'), /kx\.private_key/],
      [join(pki, 'kx-ca.pem'), readFileSync(join(pki, 'application-ca.pem'), 'utf8'), /kx\.certificate/],
      [join(pki, 'kx-crl.pem'), '', /kx\.crl/],
    ];
    for (const [path, text, names] of spoilt) {
      const kept = readFileSync(path);
      writeFileSync(path, text);
      await assert.rejects(reload(lab, 'B'), (thrown: AgentError) => {
        assert.equal(thrown.code, 'configuration.reload_refused');
        assert.match(thrown.message, names);
        return true;
      });
      writeFileSync(path, kept);
    }
    // Of a list that is right but for its signature only a handshake can tell.
    const path = join(pki, 'kx-crl.pem');
    const kept = readFileSync(path);
    const der = Buffer.from(kept.toString().replace(/-----[^-]+-----/g, ''), 'base64');
    der[der.length - 1] = der[der.length - 1]! ^ 1;
    writeFileSync(path, `-----BEGIN X509 CRL-----\n${der.toString('base64')}\n-----END X509 CRL-----\n`);
    await assert.rejects(reload(lab, 'B'), /nothing was reloaded.*CRL_SIGNATURE_FAILURE/);
    writeFileSync(path, kept);
    const before = relays;
    await until(lab, 'A', 'relays go on', () => relays > before + 5);
    assert.equal(
      (await statusOf(lab, 'B')).peers.every((peer) => peer.connects === 1),
      true,
    );
  });

  going = false;
  await relaying;
  assert.equal((await statusOf(lab, 'A')).relay.source.failed, failedBefore);

  await t.test('a revoked peer', async () => {
    await makeKxCrl(pki, ['C']);
    assert.equal((await reload(lab, 'B')).connections_ended, 1);
    await until(lab, 'B', 'it is refused again and again', (status) => {
      const [a, c] = ['A', 'C'].map((kmaId) => status.peers.find((peer) => peer.kma_id === kmaId));
      return a?.state === 'up' && c?.state === 'down';
    });
    await until(lab, 'B', 'the refusals are logged', () =>
      logOf(lab, 'B').some(
        (line) => line['event'] === 'kx.connection.refused' && line['reason'] === 'CERT_REVOKED',
      ),
    );
    const status = await statusOf(lab, 'B');
    assert.deepEqual(
      status.peers.map(({ kma_id, connects }) => [kma_id, connects]),
      [
        ['A', 1],
        ['C', 1],
      ],
    );
    assert.match(status.peers.find((peer) => peer.kma_id === 'C')?.last_down ?? '', /revoked/);
    // A new certificate, and it is welcome again.
    await issueNode(pki, 'C', undefined, { force: true });
    await makeKxCrl(pki, []);
    await assert.doesNotReject(reload(lab, 'C'));
    await until(lab, 'B', 'it is back', (s) => s.peers.every((peer) => peer.state === 'up'));
  });
});
