import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { describe, type TestContext, test } from 'node:test';
import { connect } from 'node:tls';
import { readCertificates } from '../../src/config/certificates.ts';
import { AgentError } from '../../src/errors.ts';
import { limits } from '../../src/limits.ts';
import { KxCredentials, type KxFiles } from '../../src/node/kx-credentials.ts';
import { createKxTransport } from '../../src/node/kx-tls.ts';
import { certificatePem } from '../../src/pki/certificate.ts';
import { makeKxCrl } from '../../src/pki/revoke.ts';
import { until } from '../manual-clock.ts';
import { authority, crlOf, makeChain } from './kx-chain.ts';
import {
  clientOptions,
  connectedUntilClosed,
  credentialsOf,
  holdingBack,
  Material,
  openTo,
  Taker,
} from './kx-material.ts';

const DAY_MS = 86_400_000;

async function listening(t: TestContext, files: KxFiles) {
  const [surroundings, taker] = [openTo(), new Taker()];
  const transport = createKxTransport(files, surroundings);
  const listener = await transport.listen('127.0.0.1', 0, taker.take);
  t.after(() => listener.close());
  return { ...surroundings, taker, transport, port: listener.port };
}

describe('a peer is refused at the handshake', () => {
  const cases: [string, (material: Material, t: TestContext) => Promise<KxFiles>, RegExp][] = [
    [
      'whose certificate has expired',
      (m) => m.files('A', { now: new Date(Date.now() - 9 * DAY_MS), days: 8 }),
      /EXPIRED/,
    ],
    [
      'whose certificate is not valid yet',
      (m) => m.files('A', { now: new Date(Date.now() + DAY_MS) }),
      /NOT_YET_VALID/,
    ],
    [
      'whose certificate was revoked',
      async (m) => {
        const files = await m.files('A');
        await m.crl('A');
        return files;
      },
      /REVOKED/,
    ],
    [
      'of a foreign authority, though all its names are right',
      async (m, t) => {
        const foreign = await (await Material.make(t)).files('A');
        return { ...foreign, ca: (await m.files('B')).ca };
      },
      /./,
    ],
  ];
  for (const [what, filesOf, reason] of cases) {
    test(`that dials, ${what}`, async (t) => {
      const material = await Material.make(t);
      const files = await filesOf(material, t);
      const b = await listening(t, { ...(await material.files('B')), crl: await material.crl() });
      await connectedUntilClosed(clientOptions(files, b.port)).closed();
      assert.equal(b.taker.taken.length, 0);
      await until('it is logged', () => b.log.of('kx.connection.refused').length === 1);
      assert.match(String(b.log.of('kx.connection.refused')[0]?.fields['reason']), reason);
    });

    test(`that is dialled, ${what}`, async (t) => {
      const material = await Material.make(t);
      const b = await listening(t, await filesOf(material, t));
      const a = { ...(await material.files('C')), crl: await material.crl() };
      const taker = new Taker();
      const failed = await new Promise<string>((resolve) => {
        createKxTransport(a, openTo()).dial('127.0.0.1', b.port, 'keyferry/1', taker.take, resolve);
      });
      assert.match(failed, /expired|not yet valid|revoked|self-signed|verif/i);
      assert.equal(taker.taken.length, 0);
    });
  }

  test('when its revocation list is out of date, whoever it is', async (t) => {
    const material = await Material.make(t);
    const old = { now: new Date(Date.now() - 9 * DAY_MS), days: 8 };
    const crl = readFileSync(await makeKxCrl(material.directory, [], old));
    const b = await listening(t, { ...(await material.files('B')), crl });
    await connectedUntilClosed(clientOptions(await material.files('A'), b.port)).closed();
    assert.equal(b.taker.taken.length, 0);
  });
});

describe('new credentials', () => {
  test('are those of the next handshake, and what stands goes on', async (t) => {
    const material = await Material.make(t);
    const b = await listening(t, await material.files('B'));
    const a = await material.files('A');
    const standing = connectedUntilClosed(clientOptions(a, b.port)).socket;
    t.after(() => standing.destroy());
    await until('it is there', () => b.taker.taken.length === 1);
    const before = standing.getPeerX509Certificate()?.serialNumber;
    const fresh = new KxCredentials({ ...(await material.files('B')), crl: await material.crl() });
    assert.equal(await fresh.tryOut(), undefined);
    assert.equal(b.transport.use(fresh), 0);
    const next = connect(clientOptions(a, b.port));
    t.after(() => next.destroy());
    await once(next, 'secureConnect');
    assert.notEqual(next.getPeerX509Certificate()?.serialNumber, before);
    standing.write(Buffer.alloc(1000));
    await until('the old connection still works', () => b.taker.taken[0]?.bytes === 1000);
  });

  test('are shown where we dial', async (t) => {
    const material = await Material.make(t);
    const b = await listening(t, await material.files('B'));
    const a = createKxTransport(await material.files('A'), openTo());
    a.use(new KxCredentials(await material.files('Z')));
    a.dial('127.0.0.1', b.port, 'keyferry/1', new Taker().take, assert.fail);
    await until('it is there', () => b.taker.taken.length === 1);
    assert.equal(b.taker.taken[0]?.identity.kmaId, 'Z');
    b.taker.taken[0]?.link.close('done');
  });

  test('end the connections of peers that were revoked, whoever dialled, and no others', async (t) => {
    const material = await Material.make(t);
    const b = await listening(t, await material.files('B'));
    const [a, c] = [await material.files('A'), await material.files('C')];
    const d = await listening(t, await material.files('D'));
    const { closed } = connectedUntilClosed(clientOptions(c, b.port));
    const good = connectedUntilClosed(clientOptions(a, b.port)).socket;
    const dialled = new Taker();
    b.transport.dial('127.0.0.1', d.port, 'keyferry/1', dialled.take, assert.fail);
    await until('all are there', () => b.taker.taken.length === 2 && dialled.taken.length === 1);
    const fresh = { ...(await material.files('B')), crl: await material.crl('C', 'D') };
    assert.equal(b.transport.use(new KxCredentials(fresh)), 2);
    await closed();
    const reasons = b.taker.taken.map(({ identity, closed: why }) => [identity.kmaId, why]);
    assert.deepEqual(new Map(reasons as [string, string][]).get('C'), "the peer's certificate was revoked");
    assert.equal(new Map(reasons as [string, string][]).get('A'), undefined);
    await until('the dialled one is closed', () => dialled.taken[0]?.closed !== undefined);
    await connectedUntilClosed(clientOptions(c, b.port)).closed();
    assert.equal(b.taker.taken.length, 2, 'nor do they come back');
    good.destroy();
  });

  test('judge a peer that dials whose handshake began under those before them', async (t) => {
    const material = await Material.make(t);
    const b = await listening(t, await material.files('B'));
    const held = await holdingBack(t, b.port);
    const { socket } = connectedUntilClosed(clientOptions(await material.files('A'), held.port));
    t.after(() => socket.destroy());
    await until('the handshake is under way', () => held.answers === 1);
    const fresh = { ...(await material.files('B')), crl: await material.crl('A') };
    assert.equal(b.transport.use(credentialsOf(fresh)), 0);
    held.letGo();
    const refused = () => b.log.of('kx.connection.refused');
    await until('it is judged', () => b.taker.taken.length + refused().length > 0);
    assert.equal(b.taker.taken.length, 0);
    assert.equal(refused()[0]?.fields['reason'], "the peer's certificate was revoked");
  });

  test('judge a peer that is dialled whose handshake began under those before them', async (t) => {
    const material = await Material.make(t);
    const b = await listening(t, await material.files('B'));
    const held = await holdingBack(t, b.port);
    const [a, near, failed] = [
      createKxTransport(await material.files('A'), openTo()),
      new Taker(),
      [] as string[],
    ];
    t.after(a.dial('127.0.0.1', held.port, 'keyferry/1', near.take, (why) => failed.push(why)));
    await until('the handshake is under way', () => held.answers === 1);
    const fresh = { ...(await material.files('A')), crl: await material.crl('B') };
    assert.equal(a.use(credentialsOf(fresh)), 0);
    held.letGo();
    await until('it is judged', () => near.taken.length + failed.length > 0);
    assert.deepEqual([near.taken.length, failed], [0, ["the peer's certificate was revoked"]]);
  });

  test('end the connections of peers whose authority is no longer named', async (t) => {
    const [before, after] = [await Material.make(t), await Material.make(t)];
    const b = await listening(t, await before.files('B'));
    const { closed } = connectedUntilClosed(clientOptions(await before.files('A'), b.port));
    await until('it is there', () => b.taker.taken.length === 1);
    assert.equal(b.transport.use(new KxCredentials(await after.files('B'))), 1);
    await closed();
    assert.match(b.taker.taken[0]?.closed ?? '', /not of an authority/);
  });

  test('that cannot be used are found before they are', async (t) => {
    const [material, foreign] = [await Material.make(t), await Material.make(t)];
    const good = await material.files('B');
    const refused = (thrown: unknown) =>
      thrown instanceof AgentError && thrown.code === 'configuration.kx_tls';
    const junk = Buffer.from('no PEM');
    for (const name of ['certificate', 'privateKey', 'ca', 'crl'] as const)
      assert.throws(() => new KxCredentials({ ...good, [name]: junk }), refused, name);
    const { privateKey } = await material.files('C');
    assert.throws(() => new KxCredentials({ ...good, privateKey }), refused, 'the key of another');
    const reason = (files: KxFiles) => new KxCredentials(files).tryOut();
    assert.equal(await reason(good), undefined);
    assert.match(String(await reason({ ...good, ca: (await foreign.files('B')).ca })), /./);
    assert.match(String(await reason({ ...good, crl: await foreign.crl() })), /CRL/);
    const own = await material.files('B');
    assert.match(String(await reason({ ...own, crl: await material.crl('B') })), /REVOKED/);
  });
});

test('a connection ends when the certificate of its peer does', async (t) => {
  const material = await Material.make(t);
  const b = await listening(t, await material.files('B'));
  const short = connectedUntilClosed(clientOptions(await material.files('A', { days: 2 }), b.port));
  const long = connectedUntilClosed(clientOptions(await material.files('C', { days: 30 }), b.port)).socket;
  await until('both are there', () => b.taker.taken.length === 2);
  b.clock.wallAheadMs += 1.9 * DAY_MS;
  b.clock.advance(limits.kxExpiryTickMs);
  assert.deepEqual(
    b.taker.taken.map(({ closed }) => closed),
    [undefined, undefined],
  );
  b.clock.wallAheadMs += 0.2 * DAY_MS;
  b.clock.advance(limits.kxExpiryTickMs);
  await short.closed();
  await until('it is known', () => b.taker.taken.some((one) => one.closed !== undefined));
  const closed = new Map(b.taker.taken.map((one) => [one.identity.kmaId, one.closed]));
  assert.deepEqual([closed.get('A'), closed.get('C')], ["the peer's certificate has expired", undefined]);
  long.destroy();
});

test('a connection ends with the certificate of its peer, however much longer its authorities have', async (t) => {
  const { a, b } = await makeChain(2);
  const far = await listening(t, b);
  const [surroundings, near] = [openTo(), new Taker()];
  const transport = createKxTransport(a, surroundings);
  transport.dial('127.0.0.1', far.port, 'keyferry/1', near.take, assert.fail);
  await until('it is there', () => near.taken.length === 1);
  surroundings.clock.wallAheadMs += 1.9 * DAY_MS;
  surroundings.clock.advance(limits.kxExpiryTickMs);
  assert.equal(near.taken[0]?.closed, undefined);
  surroundings.clock.wallAheadMs += 0.2 * DAY_MS;
  surroundings.clock.advance(limits.kxExpiryTickMs);
  await until('it is known', () => near.taken[0]?.closed !== undefined);
  assert.equal(near.taken[0]?.closed, "the peer's certificate has expired");
});

test('a peer is not believed any more once an authority between it and ours was revoked', async () => {
  const { a, b, root, middle } = await makeChain();
  const before = credentialsOf(b);
  const chain = readCertificates(a.certificate);
  assert.ok(Array.isArray(chain) && chain.length === 2);
  const judgedUnder = async (...serialNumbers: string[]) => {
    const fresh = credentialsOf({ ...b, crl: await crlOf(root, ...serialNumbers) });
    return fresh.problem(chain, new Date(), before);
  };
  assert.equal(await judgedUnder(middle.certificate.serialNumber), "the peer's certificate was revoked");
  assert.equal(await judgedUnder('7f'), undefined);
});

test('a peer that dialled and showed its own certificate alone is judged by the authorities above it that we name', async () => {
  const { a, b, root, middle } = await makeChain();
  const ca = Buffer.concat([b.ca, Buffer.from(certificatePem(middle.certificate))]);
  const shown = readCertificates(a.certificate);
  assert.ok(Array.isArray(shown));
  const before = credentialsOf({ ...b, ca });
  const judged = (crl: Buffer) =>
    credentialsOf({ ...b, ca, crl }).problem(shown.slice(0, 1), new Date(), before);
  assert.equal(
    judged(await crlOf(root, middle.certificate.serialNumber)),
    "the peer's certificate was revoked",
  );
  assert.equal(judged(await crlOf(root, '7f')), undefined);
});

test('a peer of an authority below the one we name is believed, whoever dials', async (t) => {
  const { a, b } = await makeChain();
  const far = await listening(t, b);
  const near = new Taker();
  createKxTransport(a, openTo()).dial('127.0.0.1', far.port, 'keyferry/1', near.take, assert.fail);
  await until('both have it', () => far.taker.taken.length === 1 && near.taken.length === 1);
  assert.equal(far.transport.use(new KxCredentials(b)), 0, 'nor is it ended when the same is read again');
  const other = Buffer.from(certificatePem((await authority('other', 0)).certificate));
  const more = { ...b, ca: Buffer.concat([Buffer.from('# renewed\n'), b.ca, other]) };
  assert.equal(far.transport.use(new KxCredentials(more)), 0, 'nor when more are believed');
  assert.equal(far.transport.use(new KxCredentials(b)), 1, 'what we cannot judge without its chain');
  await until('it is told why', () => /in a handshake alone/.test(far.taker.taken[0]?.closed ?? ''));
});
