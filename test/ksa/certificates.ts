import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

const EC = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY_MS = 86_400_000;
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';

/** PEM. */
export type Identity = { readonly certificate: Buffer; readonly privateKey: Buffer };

export type IssueOptions = { readonly validUntil?: Date; readonly serverOnly?: boolean };

/** A certificate authority for tests, able to issue certificates that no sane one would. */
export type Authority = {
  readonly certificate: Buffer;
  /** @param subject an RFC 4514 name such as `CN=app-a` */
  issue(subject: string, options?: IssueOptions): Promise<Identity>;
};

export async function authority(name: string): Promise<Authority> {
  const keys = await webcrypto.subtle.generateKey(EC, true, ['sign', 'verify']);
  const root = await X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    keys,
    ...validity(),
    signingAlgorithm: EC,
    extensions: [new BasicConstraintsExtension(true, undefined, true)],
  });
  return {
    certificate: pem(root),
    issue: (subject, options = {}) => issue(subject, root, keys.privateKey, options),
  };
}

async function issue(
  subject: string,
  root: X509Certificate,
  rootKey: webcrypto.CryptoKey,
  { validUntil, serverOnly = false }: IssueOptions,
): Promise<Identity> {
  const keys = await webcrypto.subtle.generateKey(EC, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.create({
    subject,
    issuer: root.subject,
    publicKey: keys.publicKey,
    signingKey: rootKey,
    signingAlgorithm: EC,
    ...validity(validUntil),
    extensions: [
      new ExtendedKeyUsageExtension(serverOnly ? [SERVER_AUTH] : [SERVER_AUTH, CLIENT_AUTH]),
      new SubjectAlternativeNameExtension([
        { type: 'dns', value: 'localhost' },
        { type: 'ip', value: '127.0.0.1' },
      ]),
    ],
  });
  const privateKey = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return {
    certificate: pem(certificate),
    privateKey: Buffer.from(PemConverter.encode(privateKey, PemConverter.PrivateKeyTag)),
  };
}

function validity(notAfter = new Date(Date.now() + DAY_MS)): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(Date.now() - DAY_MS), notAfter };
}

function pem(certificate: X509Certificate): Buffer {
  return Buffer.from(certificate.toString('pem'));
}
