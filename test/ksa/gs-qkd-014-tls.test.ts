import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { AgentError } from '../../src/errors.ts';
import { startKeyDelivery } from '../../src/ksa/gs-qkd-014/server.ts';
import { limits } from '../../src/limits.ts';
import { authority, type Identity } from './certificates.ts';
import { ask, type Delivery, dial, received, startDelivery, until } from './delivery.ts';

const ENC = '/api/v1/keys/app-c/enc_keys';

let delivery: Delivery;
before(async () => {
  delivery = await startDelivery();
});
after(() => delivery.server.close());

/** The handshake, as the client sees it, fails; the log says why. */
async function assertRefused(client: Identity, reason: string): Promise<void> {
  delivery.clock.aheadMs += 2_000;
  const from = delivery.log.lines.length;
  await assert.rejects(ask(delivery, client, ENC));
  await until(() => delivery.log.lines.length > from, 'a line in the log');
  assert.match(
    delivery.log.lines.at(-1)!,
    new RegExp(`warn supply\\.handshake_refused .*"reason":"${reason}","address":"127\\.0\\.0\\.1"`),
  );
  assert.deepEqual(delivery.supply.calls, []);
}

test('a certificate of another authority does not get past the handshake', async () => {
  const strangers = await authority('strangers');
  await assertRefused(await strangers.issue('CN=app-a'), 'UNABLE_TO_VERIFY_LEAF_SIGNATURE');
  const impostors = await authority('applications');
  await assertRefused(await impostors.issue('CN=app-a'), 'CERT_SIGNATURE_FAILURE');
  // The client sends along the authority that it trusts, which is the node's own issuer here.
  await assertRefused(delivery.node, 'SELF_SIGNED_CERT_IN_CHAIN');
});

test('an expired certificate does not get past the handshake', async () => {
  const validUntil = new Date(Date.now() - 3_600_000);
  await assertRefused(await delivery.applications.issue('CN=app-a', { validUntil }), 'CERT_HAS_EXPIRED');
});

test('a certificate for servers only does not get past the handshake', async () => {
  const server = await delivery.applications.issue('CN=app-a', { serverOnly: true });
  await assertRefused(server, 'INVALID_PURPOSE');
});

test('a client without a certificate does not get past the handshake', async () => {
  const nobody = { cert: undefined, key: undefined };
  await assert.rejects(ask(delivery, delivery.appA, ENC, nobody), /alert certificate required/);
  assert.deepEqual(delivery.supply.calls, []);
});

test('TLS 1.1 is refused, 1.2 and 1.3 are spoken', async () => {
  const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
  await assert.rejects(ask(delivery, delivery.appA, ENC, old), /alert protocol version/);
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const socket = await dial(delivery, delivery.appA, { minVersion: version, maxVersion: version });
    assert.equal(socket.getProtocol(), version);
    socket.destroy();
    const reply = await ask(delivery, delivery.appA, ENC, { minVersion: version, maxVersion: version });
    assert.equal(reply.status, 200);
  }
});

test('a client that can is served over the hybrid post-quantum group', async () => {
  const socket = await dial(delivery, delivery.appA, { ecdhCurve: 'X25519MLKEM768' });
  assert.equal(socket.getProtocol(), 'TLSv1.3');
  socket.destroy();
});

test('a certificate with no common name, several, or one that cannot be an ID gets 401', async () => {
  for (const subject of ['O=Nobody', 'CN=app-a, CN=app-c', `CN=${'a'.repeat(60)}é\u0007`]) {
    const reply = await ask(delivery, await delivery.applications.issue(subject), ENC);
    assert.equal(reply.status, 401, subject);
    assert.equal(reply.headers.connection, 'close');
    const { details } = reply.json as { details: { code: string }[] };
    assert.equal(details[0]?.code, 'application.not_authorised');
  }
});

test('a certificate that expires while its connection is open serves no longer', async () => {
  const own = await startDelivery();
  try {
    const socket = await dial(own, own.appA);
    const all = received(socket);
    own.clock.aheadMs = 2 * 86_400_000;
    socket.write(`GET ${ENC} HTTP/1.1\r\nHost: x\r\n\r\n`);
    assert.match(await all, /^HTTP\/1\.1 401 [\s\S]*has expired/);
    assert.deepEqual(own.supply.calls, []);
  } finally {
    await own.server.close();
  }
});

test('a session is not resumed: each connection shows its certificate', async () => {
  const first = await dial(delivery, delivery.appA, { maxVersion: 'TLSv1.2' });
  const session = first.getSession();
  first.destroy();
  assert.ok(session !== undefined);
  const second = await dial(delivery, delivery.appA, { maxVersion: 'TLSv1.2', session });
  assert.equal(second.isSessionReused(), false);
  second.destroy();
});

test('reload ends idle connections, and the next ones meet the new authority', async () => {
  const own = await startDelivery();
  try {
    const idle = await dial(own, own.appA);
    await until(() => own.server.connections() === 1, 'the connection');
    const gone = received(idle);
    const others = await authority('new applications');
    own.server.reload({ ...own.node, clientCa: others.certificate });
    await gone;
    await assert.rejects(ask(own, own.appA, ENC));
    assert.equal((await ask(own, await others.issue('CN=app-a'), ENC)).status, 200);
  } finally {
    await own.server.close();
  }
});

test('a reload that cannot work throws supply.tls and leaves everything as it was', async () => {
  const stranger = await delivery.nodes.issue('CN=localhost');
  const idle = await dial(delivery, delivery.appA);
  const mismatched = {
    ...delivery.node,
    privateKey: stranger.privateKey,
    clientCa: delivery.applications.certificate,
  };
  assert.throws(
    () => delivery.server.reload(mismatched),
    (error) => error instanceof AgentError && error.code === 'supply.tls' && error.fault === 'configuration',
  );
  assert.equal((await ask(delivery, delivery.appA, ENC)).status, 200);
  assert.equal(idle.destroyed, false);
  idle.destroy();
});

test('starting with certificates that cannot be used, or on an address in use, says so', async () => {
  const options = {
    listen: { host: '127.0.0.1', port: delivery.server.port },
    tls: { ...delivery.node, clientCa: delivery.applications.certificate },
    supply: delivery.supply,
    streams: delivery.streams,
    clock: delivery.clock,
    log: delivery.log,
    admission: { enter: () => () => {} },
    onInvariantBroken: () => assert.fail('no invariant is at stake'),
  };
  await assert.rejects(
    startKeyDelivery(options),
    (error) => error instanceof AgentError && error.code === 'supply.listen',
  );
  await assert.rejects(
    startKeyDelivery({ ...options, tls: { ...options.tls, certificate: Buffer.from('not PEM') } }),
    (error) => error instanceof AgentError && error.code === 'supply.tls',
  );
});

test('an application may not hold more connections than its share, nor may all that have no name', async () => {
  const own = await startDelivery();
  const unnamed = await own.applications.issue('O=Test');
  for (const who of [own.appA, unnamed]) {
    const sockets = await Promise.all(
      Array.from({ length: limits.supplyConnectionsPerApplicationMax }, () => dial(own, who)),
    );
    await until(() => own.server.connections() === sockets.length, 'all connections');
    const surplus = await dial(own, who);
    assert.equal(await received(surplus), '');
    assert.equal((await ask(own, own.appC, '/api/v1/keys/app-c/status')).status, 400);
    for (const socket of sockets) socket.destroy();
    await until(() => own.server.connections() === 0, 'all to be gone');
  }
  await own.server.close();
});
