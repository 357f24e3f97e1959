import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { isRevoked, readCrls } from '../../src/config/crl.ts';
import { AgentError } from '../../src/errors.ts';
import { algorithms } from '../../src/pki/algorithms.ts';
import { pkiPaths } from '../../src/pki/directory.ts';
import { initPki, issueApplication, issueNode } from '../../src/pki/pki.ts';
import { makeKxCrl } from '../../src/pki/revoke.ts';
import { handshake, type Identity } from './handshake.ts';

const work = mkdtempSync(join(tmpdir(), 'keyferry-pki-'));
after(() => rmSync(work, { recursive: true, force: true }));

const identity = (certificate: string, key: string, ca: string): Identity => ({
  cert: readFileSync(certificate),
  key: readFileSync(key),
  ca: readFileSync(ca),
});

for (const algorithm of algorithms) {
  describe(`certificates with ${algorithm}`, () => {
    const dir = join(work, algorithm);
    const paths = pkiPaths(dir);
    const kx = (id: string) =>
      identity(paths.node(id).kxCertificate, paths.node(id).kxKey, paths.kxAuthority.certificate);
    const supply = (id: string) =>
      identity(
        paths.node(id).supplyCertificate,
        paths.node(id).supplyKey,
        paths.applicationAuthority.certificate,
      );
    const application = (id: string) =>
      identity(paths.application(id).certificate, paths.application(id).key, paths.application(id).authority);

    before(async () => {
      await initPki(dir, { algorithm });
      await issueNode(dir, 'A');
      await issueNode(dir, 'B', ['b.example', '::1']);
      await issueApplication(dir, 'app-a');
    });

    test('let two nodes see each other by their KMA IDs over mutual TLS 1.3', async () => {
      const seen = await handshake({ server: kx('A'), client: kx('B'), servername: 'localhost' });
      assert.deepEqual(seen, { protocol: 'TLSv1.3', serverSees: 'B', clientSees: 'A' });
    });

    test('let an application and a node see each other by their IDs', async () => {
      const seen = await handshake({
        server: supply('A'),
        client: application('app-a'),
        servername: 'localhost',
      });
      assert.deepEqual(seen, { protocol: 'TLSv1.3', serverSees: 'app-a', clientSees: 'A' });
    });

    test('keep an application out of the Kx interface', async () => {
      const client = { ...application('app-a'), ca: kx('A').ca };
      await assert.rejects(handshake({ server: kx('A'), client, servername: 'localhost' }));
    });

    test('keep a key manager from passing for an application', async () => {
      const asKx = { ...kx('A'), ca: supply('A').ca };
      await assert.rejects(handshake({ server: supply('A'), client: asKx, servername: 'localhost' }));
      await assert.rejects(handshake({ server: supply('A'), client: supply('B'), servername: 'localhost' }));
    });

    test('hold for the hosts they were made for and no others', async () => {
      const options = { server: supply('B'), client: application('app-a') };
      const seen = await handshake({ ...options, servername: 'b.example' });
      assert.equal(seen.clientSees, 'B');
      await assert.rejects(handshake({ ...options, servername: 'localhost' }), /altnames|Hostname/);
    });

    test('verify with openssl, each for its own purpose and authority', (context) => {
      if (spawnSync('openssl', ['version']).error !== undefined)
        return context.skip('missing: openssl (Debian: apt-get install openssl)');
      const found = spawnSync('openssl', ['version']).stdout.toString();
      if (algorithm === 'ml-dsa-65' && /^OpenSSL ([12]|3\.[0-4])\./.test(found))
        return context.skip(`${found.trim()} knows no ML-DSA; it came with 3.5`);
      const verify = (ca: string, purpose: string, certificate: string) =>
        spawnSync('openssl', ['verify', '-x509_strict', '-purpose', purpose, '-CAfile', ca, certificate])
          .status;
      const { kxCertificate, supplyCertificate } = paths.node('A');
      const kxCa = paths.kxAuthority.certificate;
      const applicationCa = paths.applicationAuthority.certificate;
      assert.equal(verify(kxCa, 'sslserver', kxCertificate), 0);
      assert.equal(verify(kxCa, 'sslclient', kxCertificate), 0);
      assert.equal(verify(applicationCa, 'sslserver', supplyCertificate), 0);
      assert.equal(verify(applicationCa, 'sslclient', paths.application('app-a').certificate), 0);
      assert.notEqual(verify(applicationCa, 'sslclient', supplyCertificate), 0);
      assert.notEqual(verify(applicationCa, 'sslserver', kxCertificate), 0);
    });
  });
}

describe('the directory of authorities', () => {
  const dir = join(work, 'directory');
  const paths = pkiPaths(dir);

  before(async () => {
    await initPki(dir);
    await issueNode(dir, 'A');
    await issueApplication(dir, 'app-a');
  });

  test('is for its owner alone, and so is every private key', () => {
    for (const folder of [dir, join(dir, 'nodes'), join(dir, 'nodes/A'), join(dir, 'applications/app-a')])
      assert.equal(statSync(folder).mode & 0o777, 0o700, folder);
    const { kxKey, supplyKey, nodeKey } = paths.node('A');
    const keys = [paths.kxAuthority.key, paths.applicationAuthority.key, kxKey, supplyKey, nodeKey];
    for (const key of [...keys, paths.application('app-a').key])
      assert.equal(statSync(key).mode & 0o777, 0o600, key);
    assert.equal(statSync(nodeKey).size, 32);
  });

  test('is never written over without force', async () => {
    const files = [paths.kxAuthority.key, paths.node('A').kxKey, paths.application('app-a').key];
    const kept = files.map((file) => readFileSync(file));
    const exists = (thrown: unknown) =>
      thrown instanceof AgentError && thrown.code === 'configuration.pki_exists';
    await assert.rejects(initPki(dir), exists);
    await assert.rejects(issueNode(dir, 'A'), exists);
    await assert.rejects(issueApplication(dir, 'app-a'), exists);
    assert.deepEqual(
      files.map((file) => readFileSync(file)),
      kept,
    );
  });

  test('keeps a node key even with force, since a store depends on it', async () => {
    const { nodeKey, kxKey } = paths.node('A');
    const [key, tlsKey] = [readFileSync(nodeKey), readFileSync(kxKey)];
    const written = await issueNode(dir, 'A', undefined, { force: true });
    assert.deepEqual(readFileSync(nodeKey), key);
    assert.notDeepEqual(readFileSync(kxKey), tlsKey);
    assert.ok(!written.includes(nodeKey));
    assert.equal(statSync(kxKey).mode & 0o777, 0o600);
  });

  test('gets no file outside of it, whatever the ID', async () => {
    for (const id of ['..', '.', '', 'a/b', '../x', 'a b', 'x'.repeat(65)]) {
      const refused = (thrown: unknown) =>
        thrown instanceof AgentError && thrown.code === 'configuration.pki_id';
      await assert.rejects(issueNode(dir, id), refused, id);
      await assert.rejects(issueApplication(dir, id), refused, id);
    }
    assert.ok(!existsSync(join(dir, 'kx.pem')) && !existsSync(join(dir, 'nodes/kx.pem')));
  });

  test('has to be there before anything is issued', async () => {
    await assert.rejects(
      issueNode(join(work, 'absent'), 'A'),
      (thrown) => thrown instanceof AgentError && thrown.code === 'configuration.pki_missing',
    );
    assert.ok(!existsSync(join(work, 'absent')));
  });

  test('issues nothing when the certificate of an authority is damaged, and says which', async () => {
    const damaged = join(work, 'damaged');
    await initPki(damaged);
    const { certificate } = pkiPaths(damaged).kxAuthority;
    const whole = readFileSync(certificate);
    for (const content of ['', whole.subarray(0, whole.length / 2), 'no PEM\n']) {
      writeFileSync(certificate, content);
      await assert.rejects(issueNode(damaged, 'A'), {
        code: 'configuration.pki_certificate',
        message: `${certificate} holds no certificate that can be read`,
      });
    }
    assert.ok(!existsSync(join(damaged, 'nodes')));
  });

  test('refuses hosts and lifetimes that make no sense', async () => {
    await assert.rejects(issueNode(dir, 'H', ['not a host']), /neither a DNS name nor an IP address/);
    await assert.rejects(issueNode(dir, 'H', ['localhost'], { days: 0 }), /no number of days/);
  });
});

describe('a certificate', () => {
  const dir = join(work, 'certificate');
  const now = new Date('2030-01-01T00:00:00Z');
  const read = (path: string) => new X509Certificate(readFileSync(path));

  before(() => initPki(dir, { now, days: 100 }));

  test('is valid for the days asked for, and never longer than its authority', async () => {
    await issueNode(dir, 'S', undefined, { now, days: 30 });
    await issueNode(dir, 'L', undefined, { now });
    const end = (id: string) => read(pkiPaths(dir).node(id).kxCertificate).validToDate.toISOString();
    assert.equal(end('S'), '2030-01-31T00:00:00.000Z');
    assert.equal(end('L'), '2030-04-11T00:00:00.000Z');
  });

  test('names IP addresses as they are, mapped ones as IPv4, in whatever form they were given', async () => {
    const hosts = [
      '192.0.2.9',
      '::ffff:192.0.2.1',
      '::FFFF:c000:0202',
      '64:ff9b::192.0.2.3',
      '2001:DB8:0::1',
    ];
    await issueNode(dir, 'I', hosts, { now });
    for (const path of [pkiPaths(dir).node('I').kxCertificate, pkiPaths(dir).node('I').supplyCertificate])
      assert.deepEqual(read(path).subjectAltName?.split(', '), [
        'IP Address:192.0.2.9',
        'IP Address:192.0.2.1',
        'IP Address:192.0.2.2',
        'IP Address:64:FF9B:0:0:0:0:C000:203',
        'IP Address:2001:DB8:0:0:0:0:0:1',
      ]);
    await assert.rejects(issueNode(dir, 'Z', ['::1%lo']), {
      code: 'configuration.pki_host',
      remedy: /Leave out/,
    });
  });

  test('has a serial number of its own, of more than 120 random bits', async () => {
    const serials = new Set<string>();
    for (const id of ['P', 'Q', 'R']) {
      await issueNode(dir, id, undefined, { now });
      for (const path of [pkiPaths(dir).node(id).kxCertificate, pkiPaths(dir).node(id).supplyCertificate])
        serials.add(read(path).serialNumber);
    }
    assert.equal(serials.size, 6);
    for (const serial of serials) assert.match(serial, /^[4-7][0-9A-F]{31}$/);
  });
});

describe('the revocation list', () => {
  const dir = join(work, 'crl');
  const paths = pkiPaths(dir);
  const serialOf = (id: string) => new X509Certificate(readFileSync(paths.node(id).kxCertificate));
  const listed = () => {
    const crls = readCrls(readFileSync(paths.kxCrl));
    assert.ok(Array.isArray(crls) && crls.length === 1);
    return crls;
  };

  before(async () => {
    await initPki(dir);
    for (const id of ['A', 'B']) await issueNode(dir, id);
  });

  test('names what was revoked, and keeps it when it is made anew', async () => {
    await makeKxCrl(dir, []);
    const [a, b] = [serialOf('A'), serialOf('B')];
    assert.deepEqual([isRevoked(a, listed()), isRevoked(b, listed())], [false, false]);
    await makeKxCrl(dir, ['B']);
    await issueNode(dir, 'B', undefined, { force: true });
    await makeKxCrl(dir, ['A'], { days: 3 });
    assert.deepEqual([isRevoked(a, listed()), isRevoked(b, listed())], [true, true]);
    assert.equal(isRevoked(serialOf('B'), listed()), false, 'the new certificate is another');
    const { thisUpdate, nextUpdate } = listed()[0]!;
    assert.ok(
      thisUpdate < new Date() && Math.abs(nextUpdate!.getTime() - Date.now() - 3 * 86_400_000) < 60_000,
    );
  });

  test('verifies with openssl', (context) => {
    if (spawnSync('openssl', ['version']).error !== undefined)
      return context.skip('missing: openssl (Debian: apt-get install openssl)');
    const check = ['crl', '-in', paths.kxCrl, '-CAfile', paths.kxAuthority.certificate, '-noout'];
    assert.match(spawnSync('openssl', check).stderr.toString(), /verify OK/);
  });

  test('is not made anew from one that is damaged, since what it had revoked is not known', async () => {
    const kept = readFileSync(paths.kxCrl);
    for (const content of ['', kept.subarray(0, kept.length / 2), 'no PEM\n']) {
      writeFileSync(paths.kxCrl, content);
      await assert.rejects(makeKxCrl(dir, ['B']), { code: 'configuration.pki_crl' });
      assert.equal(readFileSync(paths.kxCrl).toString(), content.toString());
    }
    writeFileSync(paths.kxCrl, kept);
  });

  test('is not made for a node that was issued nothing', async () => {
    const kept = readFileSync(paths.kxCrl);
    await assert.rejects(makeKxCrl(dir, ['absent']), /cannot be read/);
    assert.deepEqual(readFileSync(paths.kxCrl), kept);
  });
});
