import 'reflect-metadata';
import type { webcrypto } from 'node:crypto';
import { BasicConstraintsExtension, type Extension, X509CertificateGenerator } from '@peculiar/x509';
import type { KxFiles } from '../../src/node/kx-credentials.ts';
import { generateKeys, privateKeyPem } from '../../src/pki/algorithms.ts';
import { type Authority, certificatePem, makeLeaf } from '../../src/pki/certificate.ts';
import { makeCrl } from '../../src/pki/crl.ts';

const DAYS = 30;

export type Chain = {
  readonly a: KxFiles;
  readonly b: KxFiles;
  readonly root: Authority;
  readonly middle: Authority;
};

/** What two nodes have whose certificates an authority issued that stands below the one they name, the chain in their files. */
export async function makeChain(days = DAYS): Promise<Chain> {
  const root = await authority('root', 1);
  const middle = await authority('middle', 0, root);
  const files = (name: string) => filesOf(name, middle, root, days);
  return { a: await files('A'), b: await files('B'), root, middle };
}

/** What A has whose authority stands below one that may have none below it: each certificate by itself is as it should be, and TLS refuses the whole. */
export async function makeTooLongChain(): Promise<KxFiles> {
  const root = await authority('root', 0);
  return filesOf('A', await authority('middle', 0, root), root, DAYS);
}

/** What A has whose key is too short for TLS, and nobody says so before. */
export async function makeWeak(): Promise<KxFiles> {
  const root = await authority('root', 0);
  const weak = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength: 1_024 } as const;
  const exponent = { publicExponent: Uint8Array.of(1, 0, 1) };
  const keys = await crypto.subtle.generateKey({ ...weak, ...exponent }, true, ['sign', 'verify']);
  return filesNamed(['A'], root, keys);
}

async function filesOf(name: string, issuer: Authority, root: Authority, days: number): Promise<KxFiles> {
  const request = {
    commonName: name,
    hosts: [],
    uses: ['server', 'client'],
    algorithm: 'ecdsa-p256',
  } as const;
  const leaf = await makeLeaf(issuer, request, { now: new Date(), days });
  return {
    certificate: Buffer.from(certificatePem(leaf.certificate) + certificatePem(issuer.certificate)),
    privateKey: await privateKeyPem(leaf.key),
    ca: Buffer.from(certificatePem(root.certificate)),
  };
}

/** What a node has whose certificate bears all these names. */
export async function filesNamed(
  names: readonly string[],
  root: Authority,
  keys?: webcrypto.CryptoKeyPair,
): Promise<KxFiles> {
  const { certificate, key } = await certified(names, [], root, keys);
  return {
    certificate: Buffer.from(certificatePem(certificate)),
    privateKey: await privateKeyPem(key),
    ca: Buffer.from(certificatePem(root.certificate)),
  };
}

/** An authority, below another where one is given. @param below how many may stand below it */
export function authority(name: string, below: number, parent?: Authority): Promise<Authority> {
  return certified([name], [new BasicConstraintsExtension(true, below, true)], parent);
}

/** A certificate that says of itself no more than `extensions` do, and its key; self-signed where no parent is given. */
export async function certified(
  names: readonly string[],
  extensions: Extension[],
  parent?: Authority,
  given?: webcrypto.CryptoKeyPair,
): Promise<Authority> {
  const keys = given ?? (await generateKeys('ecdsa-p256'));
  const subject = names.map((name) => ({ CN: [name] }));
  const certificate = await X509CertificateGenerator.create({
    subject,
    issuer: parent?.certificate.subjectName ?? subject,
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
    publicKey: keys.publicKey,
    signingKey: parent?.key ?? keys.privateKey,
    extensions,
  });
  return { certificate, key: keys.privateKey, algorithm: 'ecdsa-p256' };
}

/** The list of `issuer`, with these serial numbers on it. */
export async function crlOf(issuer: Authority, ...serialNumbers: string[]): Promise<Buffer> {
  const now = new Date();
  const revoked = serialNumbers.map((serialNumber) => ({ serialNumber, revocationDate: now }));
  return Buffer.from(await makeCrl(issuer, revoked, { now, days: DAYS }));
}
