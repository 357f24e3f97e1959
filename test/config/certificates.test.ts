import 'reflect-metadata';
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { describe, test } from 'node:test';
import { issuerProblem } from '../../src/config/certificates.ts';
import { isRevoked, readCrls } from '../../src/config/crl.ts';
import { type Authority, certificatePem } from '../../src/pki/certificate.ts';
import { authority, certified, crlOf } from '../node/kx-chain.ts';

const shown = ({ certificate }: Authority) => new X509Certificate(certificatePem(certificate));

describe('a certificate', () => {
  test('is not of an authority that only bears the name of its issuer', async () => {
    const [own, other] = [await authority('root', 0), await authority('root', 0)];
    const leaf = shown(await certified(['A'], [], own));
    assert.ok(leaf.checkIssued(shown(other)), 'nothing but the signature tells the two apart');
    assert.equal(issuerProblem([leaf], [shown(own)]), undefined);
    assert.equal(issuerProblem([leaf], [shown(other)])?.code, 'configuration.certificate_issuer');
  });

  test('is not believed for one that may issue none, though that one is', async () => {
    const root = await authority('root', 1);
    const middle = await authority('middle', 0, root);
    const node = await certified(['B'], [], root);
    assert.equal(issuerProblem([shown(node)], [shown(root)]), undefined);
    for (const [issuer, code] of [
      [middle, undefined],
      [node, 'configuration.certificate_issuer'],
    ] as const) {
      const leaf = shown(await certified(['A'], [], issuer));
      assert.ok(leaf.checkIssued(shown(issuer)) && leaf.verify(shown(issuer).publicKey));
      assert.equal(issuerProblem([leaf, shown(issuer)], [shown(root)])?.code, code);
    }
  });

  test('is revoked by the list of its issuer, and by no other that has the same serial number', async () => {
    const [own, other] = [await authority('own', 0), await authority('other', 0)];
    const leaf = await certified(['A'], [], own);
    const listedBy = async (...issuers: Authority[]) => {
      const lists = await Promise.all(issuers.map((issuer) => crlOf(issuer, leaf.certificate.serialNumber)));
      const crls = readCrls(Buffer.concat(lists));
      assert.ok(Array.isArray(crls) && crls.length === issuers.length);
      return isRevoked(shown(leaf), crls);
    };
    assert.deepEqual([await listedBy(other), await listedBy(own, other)], [false, true]);
  });
});
