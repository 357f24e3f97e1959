import { createPrivateKey, type webcrypto } from 'node:crypto';
import { AgentError } from '../errors.ts';

export const algorithms = ['ecdsa-p256', 'ed25519'] as const;
export type PkiAlgorithm = (typeof algorithms)[number];

const KEY = {
  'ecdsa-p256': { name: 'ECDSA', namedCurve: 'P-256' },
  ed25519: { name: 'Ed25519' },
} as const;

const SIGNATURE = {
  'ecdsa-p256': { name: 'ECDSA', hash: 'SHA-256' },
  ed25519: { name: 'Ed25519' },
} as const;

/** How a key of this kind signs. */
export function signatureOf(algorithm: PkiAlgorithm): { readonly name: string; readonly hash?: string } {
  return SIGNATURE[algorithm];
}

export async function generateKeys(algorithm: PkiAlgorithm): Promise<webcrypto.CryptoKeyPair> {
  return (await crypto.subtle.generateKey(KEY[algorithm], true, [
    'sign',
    'verify',
  ])) as webcrypto.CryptoKeyPair;
}

/** A private key as PKCS#8 in PEM. */
export async function privateKeyPem(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await crypto.subtle.exportKey('pkcs8', key));
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  der.fill(0);
  return ['-----BEGIN PRIVATE KEY-----', ...lines, '-----END PRIVATE KEY-----', ''].join('\n');
}

/** Reads what `privateKeyPem` wrote. @param path for the error message */
export async function readSigningKey(
  pem: Buffer,
  path: string,
): Promise<{ key: webcrypto.CryptoKey; algorithm: PkiAlgorithm }> {
  try {
    const key = createPrivateKey(pem);
    const algorithm = key.asymmetricKeyType === 'ed25519' ? 'ed25519' : 'ecdsa-p256';
    const der = key.export({ type: 'pkcs8', format: 'der' });
    const imported = await crypto.subtle.importKey('pkcs8', new Uint8Array(der), KEY[algorithm], false, [
      'sign',
    ]);
    der.fill(0);
    return { key: imported, algorithm };
  } catch (thrown) {
    throw new AgentError(
      'configuration.pki_key',
      `${path} is no private key of a kind that this command makes`,
      {
        fault: 'configuration',
        remedy: `Name a directory that "keyferry pki init" made.`,
        cause: thrown,
      },
    );
  }
}
