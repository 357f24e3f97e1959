import type { TLSSocket } from 'node:tls';
import { Refusal } from './refusal.ts';
import { isSaeId } from './target.ts';

/** Who is at the other end of a connection, by the certificate that the TLS handshake verified. */
export type Caller = {
  readonly saeId: string;
  /** Wall clock, milliseconds since the Unix epoch: the certificate says nothing after it. */
  readonly validUntilMs: number;
};

/**
 * The SAE ID is the certificate's common name (GS QKD 014 clause 5 leaves to the KME how a certificate names its SAE).
 * With none or several of them, whose key this is would be a guess: 401.
 */
export function identify(socket: TLSSocket): Caller | Refusal {
  const certificate = socket.getPeerCertificate();
  const commonName: unknown = certificate.subject?.CN;
  if (!socket.authorized || typeof commonName !== 'string' || !isSaeId(commonName)) {
    return new Refusal(
      401,
      'application.not_authorised',
      'the client certificate does not name one SAE ID as its common name',
      'Have a certificate issued whose subject has exactly one CN: the SAE ID.',
      ['Connection', 'close'],
    );
  }
  return { saeId: commonName, validUntilMs: Date.parse(certificate.valid_to) };
}

export function expired(): Refusal {
  return new Refusal(
    401,
    'application.not_authorised',
    'the client certificate has expired',
    'Renew the certificate and connect again.',
    ['Connection', 'close'],
  );
}
