import 'reflect-metadata';
import { X509Crl, X509CrlGenerator } from '@peculiar/x509';
import { AgentError } from '../errors.ts';
import { signatureOf } from './algorithms.ts';
import type { Authority, Validity } from './certificate.ts';
import { dayMs } from './certificate.ts';

export type Revoked = { readonly serialNumber: string; readonly revocationDate: Date };

/** A revocation list of `authority`, to be renewed within `validity.days`. PEM. */
export async function makeCrl(
  { certificate, key, algorithm }: Authority,
  revoked: readonly Revoked[],
  { now, days }: Validity,
): Promise<string> {
  const crl = await X509CrlGenerator.create({
    issuer: certificate.subjectName,
    // Machines of a lab differ by minutes.
    thisUpdate: new Date(now.getTime() - dayMs / 24),
    nextUpdate: new Date(now.getTime() + days * dayMs),
    entries: [...revoked],
    signingAlgorithm: signatureOf(algorithm),
    signingKey: key,
  });
  const lines =
    Buffer.from(crl.rawData)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN X509 CRL-----\n${lines.join('\n')}\n-----END X509 CRL-----\n`;
}

/**
 * What a list that `makeCrl` made has revoked. @param path for the error message
 * @throws AgentError `configuration.pki_crl`
 */
export function readRevoked(pem: Buffer, path: string): Revoked[] {
  try {
    const crl = new X509Crl(pem.toString('latin1').replaceAll('X509 CRL', 'CRL'));
    return crl.entries.map(({ serialNumber, revocationDate }) => ({ serialNumber, revocationDate }));
  } catch (cause) {
    throw new AgentError('configuration.pki_crl', `${path} holds no revocation list that can be read`, {
      fault: 'configuration',
      remedy:
        'Put it back from a copy, for instance from a node that uses it. Without one, remove it and revoke anew all that was on it.',
      cause,
    });
  }
}
