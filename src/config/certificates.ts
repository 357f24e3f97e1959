import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { messageOf } from '../errors.ts';
import type { ConfigFaultCode } from './fault-codes.ts';

/** What is wrong with a certificate, for a fault that knows the field. */
export type CertificateProblem = {
  readonly code: ConfigFaultCode;
  readonly message: string;
  readonly remedy: string;
};

/** More than any sensible chain or bundle. */
const CERTIFICATES_MAX = 64;
const CHAIN_MAX = 8;

const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';

/** All certificates of a PEM file in order, or the reason why it cannot be used. */
export function readCertificates(pem: Buffer): X509Certificate[] | CertificateProblem {
  const blocks =
    pem.toString('latin1').match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  const remedy = 'Put a PEM certificate ("-----BEGIN CERTIFICATE-----") there.';
  if (blocks.length === 0) return problem('configuration.certificate', 'holds no PEM certificate', remedy);
  if (blocks.length > CERTIFICATES_MAX)
    return problem('configuration.certificate', `holds more than ${CERTIFICATES_MAX} certificates`, remedy);
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch (thrown) {
    return problem(
      'configuration.certificate',
      `holds a certificate that cannot be read: ${messageOf(thrown)}`,
      remedy,
    );
  }
}

/** The private key of a PEM file, or the reason why it cannot be used. */
export function readPrivateKey(pem: Buffer): KeyObject | CertificateProblem {
  try {
    return createPrivateKey(pem);
  } catch {
    // OpenSSL's own message says nothing to a person; what it read may be a key and is not repeated.
    return problem(
      'configuration.private_key',
      'holds no private key that can be read without a passphrase',
      'Put a PEM private key (PKCS#8, not encrypted) there.',
    );
  }
}

export function validityProblem(certificate: X509Certificate, now: Date): CertificateProblem | undefined {
  if (now < certificate.validFromDate)
    return problem(
      'configuration.certificate_early',
      `is not valid before ${certificate.validFromDate.toISOString()}`,
      "Check this machine's clock, or wait.",
    );
  if (now > certificate.validToDate)
    return problem(
      'configuration.certificate_expired',
      `was valid until ${certificate.validToDate.toISOString()}`,
      'Have a new certificate issued.',
    );
  return undefined;
}

/** The common name has to be there exactly once and be `wanted`. */
export function nameProblem(certificate: X509Certificate, wanted: string): CertificateProblem | undefined {
  const name: unknown = certificate.toLegacyObject().subject?.CN;
  if (name === wanted) return undefined;
  const given =
    typeof name === 'string' ? `is ${name}` : Array.isArray(name) ? 'is given twice' : 'is missing';
  return problem(
    'configuration.certificate_name',
    `its common name ${given}, but kma_id is ${wanted}`,
    `Have a certificate issued to ${wanted}, or correct kma_id.`,
  );
}

/** @param uses the ends of a TLS connection at which the certificate has to serve */
export function useProblem(
  certificate: X509Certificate,
  uses: readonly ('server' | 'client')[],
): CertificateProblem | undefined {
  // Without the extension a certificate may be used for anything.
  const allowed: readonly string[] | undefined = certificate.keyUsage;
  if (allowed === undefined || allowed.length === 0) return undefined;
  const lacking = uses.filter((use) => !allowed.includes(use === 'server' ? SERVER_AUTH : CLIENT_AUTH));
  if (lacking.length === 0) return undefined;
  return problem(
    'configuration.certificate_use',
    `may not be used as TLS ${lacking.join(' and ')}`,
    `Have a certificate issued whose extended key usage has ${lacking.map((use) => `${use}Auth`).join(' and ')}.`,
  );
}

export function keyProblem(certificate: X509Certificate, key: KeyObject): CertificateProblem | undefined {
  if (certificate.checkPrivateKey(key)) return undefined;
  return problem(
    'configuration.key_mismatch',
    'is not the key of the certificate beside it',
    'Name the certificate and the private key that were made together.',
  );
}

/** @param chain the certificate and what follows it in its file */
export function issuerProblem(
  chain: readonly X509Certificate[],
  authorities: readonly X509Certificate[],
): CertificateProblem | undefined {
  let current = chain[0];
  for (let depth = 0; current !== undefined && depth < CHAIN_MAX; depth++) {
    const subject: X509Certificate = current;
    if (authorities.some((authority) => issued(authority, subject))) return undefined;
    current = chain.find((other) => other !== subject && other.ca && issued(other, subject));
  }
  return problem(
    'configuration.certificate_issuer',
    'was not issued by the authority named as ca',
    'Name the authority that issued it, or have it issued by that one.',
  );
}

/** `chain`, and above its end the authorities that are known to have issued it. @param chain the certificate, and what was shown with it */
export function upTheChain(
  chain: readonly X509Certificate[],
  authorities: readonly X509Certificate[],
): X509Certificate[] {
  const way = [...chain];
  for (let depth = 0; depth < CHAIN_MAX; depth++) {
    const top = way.at(-1);
    const above =
      top && authorities.find((one) => one.fingerprint256 !== top.fingerprint256 && issued(one, top));
    if (above === undefined) break;
    way.push(above);
  }
  return way;
}

/** OpenSSL believes nobody by an authority that stands below another, unless it has that one, too. */
export function rootProblem(authorities: readonly X509Certificate[]): CertificateProblem | undefined {
  const roots = authorities.filter((authority) => issued(authority, authority));
  const lost = authorities.find(
    (authority) => issuerProblem([authority, ...authorities], roots) !== undefined,
  );
  if (lost === undefined) return undefined;
  return problem(
    'configuration.certificate_issuer',
    `holds ${subjectOf(lost)} without the authority above it`,
    'Put the certificates of all authorities into the file, up to the one that issued its own.',
  );
}

export function authorityProblem(certificate: X509Certificate): CertificateProblem | undefined {
  if (certificate.ca) return undefined;
  return problem(
    'configuration.not_a_ca',
    'holds a certificate that may not issue others',
    'Name the certificate of a CA there.',
  );
}

/** One authority may have several certificates: it is its key that counts. */
export function sameKey(a: X509Certificate, b: X509Certificate): boolean {
  return a.publicKey.equals(b.publicKey);
}

export function isProblem(value: object): value is CertificateProblem {
  return 'remedy' in value;
}

function subjectOf(certificate: X509Certificate): string {
  return certificate.subject.split('\n').join(', ') || 'an authority without a name';
}

function issued(issuer: X509Certificate, subject: X509Certificate): boolean {
  return subject.checkIssued(issuer) && subject.verify(issuer.publicKey);
}

function problem(code: ConfigFaultCode, message: string, remedy: string): CertificateProblem {
  return { code, message, remedy };
}
