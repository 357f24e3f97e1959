import type { X509Certificate } from 'node:crypto';
import { AsnConvert } from '@peculiar/asn1-schema';
import { Certificate, CertificateList, type Name } from '@peculiar/asn1-x509';
import { messageOf } from '../errors.ts';
import type { CertificateProblem } from './certificates.ts';

/** A certificate revocation list (RFC 5280, section 5), as far as we look at it. Its signature is OpenSSL's to check. */
export type Crl = {
  readonly pem: Buffer;
  /** Name of the authority, DER in hexadecimal digits. */
  readonly issuer: string;
  readonly thisUpdate: Date;
  /** When the next one is there at the latest. */
  readonly nextUpdate: Date | undefined;
  /** Serial numbers, DER in hexadecimal digits. */
  readonly revoked: ReadonlySet<string>;
};

/** More than any sensible number of authorities. */
const LISTS_MAX = 64;

/** All lists of a PEM file in order, or the reason why it cannot be used. */
export function readCrls(pem: Buffer): Crl[] | CertificateProblem {
  const blocks = pem.toString('latin1').match(/-----BEGIN X509 CRL-----[^-]+-----END X509 CRL-----/g) ?? [];
  if (blocks.length === 0)
    return unreadable(
      'holds no PEM revocation list',
      'Convert it: openssl crl -inform DER -in CRL -out PEM.',
    );
  if (blocks.length > LISTS_MAX)
    return unreadable(`holds more than ${LISTS_MAX} revocation lists`, 'Name the lists of kx.ca alone.');
  try {
    return blocks.map(readOne);
  } catch (thrown) {
    return unreadable(
      `holds a revocation list that cannot be read: ${messageOf(thrown)}`,
      'Fetch the list from the authority anew.',
    );
  }
}

function readOne(block: string): Crl {
  const der = Buffer.from(block.replace(/-----[^-]+-----/g, ''), 'base64');
  const {
    issuer,
    thisUpdate,
    nextUpdate,
    revokedCertificates = [],
  } = AsnConvert.parse(der, CertificateList).tbsCertList;
  return {
    pem: Buffer.from(`${block}\n`, 'latin1'),
    issuer: nameHex(issuer),
    thisUpdate: thisUpdate.getTime(),
    nextUpdate: nextUpdate?.getTime(),
    revoked: new Set(revokedCertificates.map((entry) => hex(entry.userCertificate))),
  };
}

/** OpenSSL wants a current list of every authority that certificates lead to; without one it refuses them all. */
export function crlProblem(
  crls: readonly Crl[],
  authorities: readonly X509Certificate[],
  now: Date,
): CertificateProblem | undefined {
  for (const { thisUpdate, nextUpdate } of crls) {
    if (thisUpdate > now)
      return {
        code: 'configuration.crl_expired',
        message: `holds a revocation list from ${thisUpdate.toISOString()}, which is yet to come`,
        remedy: "Check this machine's clock.",
      };
    if (nextUpdate !== undefined && nextUpdate < now)
      return {
        code: 'configuration.crl_expired',
        message: `holds a revocation list that was to be renewed by ${nextUpdate.toISOString()}`,
        remedy: 'Fetch the newest list from the authority: until then every peer is refused.',
      };
  }
  const issuers = new Set(crls.map((crl) => crl.issuer));
  const without = authorities.find((authority) => !issuers.has(subjectHex(authority)));
  if (without === undefined) return undefined;
  return unreadable(
    `holds no revocation list of the authority ${without.subject.replaceAll('\n', ', ')}`,
    'Put a list of every authority of kx.ca there.',
  );
}

export function revokedProblem(
  certificate: X509Certificate,
  crls: readonly Crl[],
): CertificateProblem | undefined {
  if (!isRevoked(certificate, crls)) return undefined;
  return {
    code: 'configuration.certificate_revoked',
    message: 'was revoked by its authority',
    remedy: 'Have a new certificate issued.',
  };
}

/** Whether a list of the certificate's issuer names its serial number. */
export function isRevoked(certificate: X509Certificate, crls: readonly Crl[]): boolean {
  if (crls.length === 0) return false;
  const { issuer, serialNumber } = AsnConvert.parse(certificate.raw, Certificate).tbsCertificate;
  const [name, serial] = [nameHex(issuer), hex(serialNumber)];
  return crls.some((crl) => crl.issuer === name && crl.revoked.has(serial));
}

function subjectHex(certificate: X509Certificate): string {
  return nameHex(AsnConvert.parse(certificate.raw, Certificate).tbsCertificate.subject);
}

function nameHex(name: Name): string {
  return hex(AsnConvert.serialize(name));
}

// Of names and serial numbers, which are public.
function hex(bytes: ArrayBuffer): string {
  return Buffer.from(bytes).toString('hex');
}

function unreadable(message: string, remedy: string): CertificateProblem {
  return { code: 'configuration.crl', message, remedy };
}
