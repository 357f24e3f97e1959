import 'reflect-metadata';
import { BasicConstraintsExtension, X509CertificateGenerator } from '@peculiar/x509';
import type { KxFiles } from '../../src/node/kx-credentials.ts';
import { generateKeys, privateKeyPem } from '../../src/pki/algorithms.ts';
import { type Authority, certificatePem, makeLeaf } from '../../src/pki/certificate.ts';

const validity = { now: new Date(), days: 30 };

/** What two nodes have whose certificates an authority issued that stands below the one they name, the chain in their files. */
export async function makeChain(): Promise<{ readonly a: KxFiles; readonly b: KxFiles }> {
  const root = await authority('root', 1);
  const middle = await authority('middle', 0, root);
  return { a: await filesOf('A', middle, root), b: await filesOf('B', middle, root) };
}

/** What A has whose authority stands below one that may have none below it: each certificate by itself is as it should be, and TLS refuses the whole. */
export async function makeTooLongChain(): Promise<KxFiles> {
  const root = await authority('root', 0);
  return filesOf('A', await authority('middle', 0, root), root);
}

async function filesOf(commonName: string, issuer: Authority, root: Authority): Promise<KxFiles> {
  const uses = ['server', 'client'] as const;
  const leaf = await makeLeaf(issuer, { commonName, hosts: [], uses, algorithm: 'ecdsa-p256' }, validity);
  return {
    certificate: Buffer.from(certificatePem(leaf.certificate) + certificatePem(issuer.certificate)),
    privateKey: await privateKeyPem(leaf.key),
    ca: Buffer.from(certificatePem(root.certificate)),
  };
}

/** An authority, below another where one is given. @param below how many may stand below it */
export async function authority(name: string, below: number, parent?: Authority): Promise<Authority> {
  const keys = await generateKeys('ecdsa-p256');
  const subject = [{ CN: [name] }];
  const certificate = await X509CertificateGenerator.create({
    subject,
    issuer: parent?.certificate.subjectName ?? subject,
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
    publicKey: keys.publicKey,
    signingKey: parent?.key ?? keys.privateKey,
    extensions: [new BasicConstraintsExtension(true, below, true)],
  });
  return { certificate, key: keys.privateKey, algorithm: 'ecdsa-p256' };
}
