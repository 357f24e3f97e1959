import 'reflect-metadata';
import { randomBytes, type webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { AgentError } from '../errors.ts';
import { generateKeys, type PkiAlgorithm, signatureOf } from './algorithms.ts';

export const dayMs = 86_400_000;
/** Machines of a lab differ by minutes; a certificate should serve at once on all of them. */
const BACKDATED_MS = 3_600_000;

/** Who signs: an authority's certificate and key. */
export type Authority = {
  readonly certificate: X509Certificate;
  readonly key: webcrypto.CryptoKey;
  readonly algorithm: PkiAlgorithm;
};

export type Validity = { readonly now: Date; readonly days: number };

export type LeafRequest = {
  readonly commonName: string;
  /** DNS names and IP addresses. */
  readonly hosts: readonly string[];
  readonly uses: readonly ('server' | 'client')[];
  readonly algorithm: PkiAlgorithm;
};

/** A new authority, self-signed, that may issue certificates but no further authorities. */
export async function makeAuthority(
  commonName: string,
  algorithm: PkiAlgorithm,
  validity: Validity,
): Promise<Authority> {
  const keys = await generateKeys(algorithm);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: [{ CN: [commonName] }],
    ...period(validity),
    signingAlgorithm: signatureOf(algorithm),
    keys,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      await AuthorityKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate, key: keys.privateKey, algorithm };
}

/** A new key and its certificate, signed by `authority` and never valid for longer than it. */
export async function makeLeaf(
  authority: Authority,
  request: LeafRequest,
  validity: Validity,
): Promise<{ certificate: X509Certificate; key: webcrypto.CryptoKey }> {
  const keys = await generateKeys(request.algorithm);
  const { notBefore, notAfter } = period(validity);
  const end = authority.certificate.notAfter;
  const uses = request.uses.map((use) =>
    use === 'server' ? ExtendedKeyUsage.serverAuth : ExtendedKeyUsage.clientAuth,
  );
  const extensions: Extension[] = [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    new ExtendedKeyUsageExtension(uses),
    await SubjectKeyIdentifierExtension.create(keys.publicKey),
    await AuthorityKeyIdentifierExtension.create(authority.certificate.publicKey),
  ];
  if (request.hosts.length > 0)
    extensions.push(
      new SubjectAlternativeNameExtension(
        request.hosts.map((value) => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value })),
      ),
    );
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: [{ CN: [request.commonName] }],
    issuer: authority.certificate.subjectName,
    notBefore,
    notAfter: new Date(Math.min(notAfter.getTime(), end.getTime())),
    signingAlgorithm: signatureOf(authority.algorithm),
    publicKey: keys.publicKey,
    signingKey: authority.key,
    extensions,
  });
  return { certificate, key: keys.privateKey };
}

/** @param path for the error message. @throws AgentError `configuration.pki_certificate` */
export function parseCertificate(pem: Buffer, path: string): X509Certificate {
  try {
    return new X509Certificate(pem.toString('latin1'));
  } catch (cause) {
    throw new AgentError('configuration.pki_certificate', `${path} holds no certificate that can be read`, {
      fault: 'configuration',
      remedy: 'Put it back from a copy; what is lost is issued anew with --force.',
      cause,
    });
  }
}

export function certificatePem(certificate: X509Certificate): string {
  return `${certificate.toString('pem').trim()}\n`;
}

/** 127 random bits, positive and not zero (RFC 5280, 4.1.2.2). */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0]! & 0x7f) | 0x40;
  return bytes.toString('hex');
}

function period({ now, days }: Validity): { notBefore: Date; notAfter: Date } {
  return {
    notBefore: new Date(now.getTime() - BACKDATED_MS),
    notAfter: new Date(now.getTime() + days * dayMs),
  };
}
