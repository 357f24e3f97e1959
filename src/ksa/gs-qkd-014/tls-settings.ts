import { constants } from 'node:crypto';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { AgentError, messageOf } from '../../errors.ts';

/** PEM. `certificate` may be followed by its chain; `clientCa` issues the applications' certificates and nothing else. */
export type DeliveryTls = {
  readonly certificate: Buffer;
  readonly privateKey: Buffer;
  readonly clientCa: Buffer;
};

/** Only forward-secret, authenticated suites: the three of TLS 1.3, and theirs of 1.2. */
const CIPHERS = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
].join(':');

/**
 * GS QKD 014 clause 5 asks for TLS 1.2 or later. Sessions are not resumed, so that every connection has shown a
 * certificate that is valid now; nor renegotiated, so that who is at the other end does not change under it.
 */
export function secureContextOptions(tls: DeliveryTls): SecureContextOptions {
  const options: SecureContextOptions = {
    cert: tls.certificate,
    key: tls.privateKey,
    ca: tls.clientCa,
    minVersion: 'TLSv1.2',
    ciphers: CIPHERS,
    honorCipherOrder: true,
    ecdhCurve: 'X25519MLKEM768:X25519:prime256v1',
    secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
  };
  try {
    createSecureContext(options);
  } catch (error) {
    throw new AgentError(
      'supply.tls',
      `the supply's certificate or key cannot be used: ${messageOf(error)}`,
      {
        fault: 'configuration',
        remedy:
          'Check that supply.certificate, supply.private_key and supply.client_ca are PEM and belong together.',
        cause: error,
      },
    );
  }
  return options;
}
