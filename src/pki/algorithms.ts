import { createPrivateKey, type webcrypto } from 'node:crypto';
import { base64Length, writeBase64 } from '../bytes/base64.ts';
import { AgentError } from '../errors.ts';

export const algorithms = ['ecdsa-p256', 'ed25519', 'ml-dsa-65'] as const;
export type PkiAlgorithm = (typeof algorithms)[number];

const KEY = {
  'ecdsa-p256': { name: 'ECDSA', namedCurve: 'P-256' },
  ed25519: { name: 'Ed25519' },
  'ml-dsa-65': { name: 'ML-DSA-65' },
} as const;

const SIGNATURE = {
  'ecdsa-p256': { name: 'ECDSA', hash: 'SHA-256' },
  ed25519: { name: 'Ed25519' },
  'ml-dsa-65': { name: 'ML-DSA-65' },
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

const PEM_LINE_BYTES = 48;

/** A private key as PKCS#8 in PEM (RFC 7468), written byte-wise: a string could not be wiped. The caller wipes it. */
export async function privateKeyPem(key: webcrypto.CryptoKey): Promise<Buffer> {
  const der = Buffer.from(await crypto.subtle.exportKey('pkcs8', key));
  const [head, foot] = ['-----BEGIN PRIVATE KEY-----\n', '-----END PRIVATE KEY-----\n'];
  const lines = Math.ceil(der.length / PEM_LINE_BYTES);
  const pem = Buffer.alloc(head.length + base64Length(der.length) + lines + foot.length);
  let at = pem.write(head, 0, 'latin1');
  for (let from = 0; from < der.length; from += PEM_LINE_BYTES) {
    at = writeBase64(der.subarray(from, from + PEM_LINE_BYTES), pem, at);
    at += pem.write('\n', at, 'latin1');
  }
  pem.write(foot, at, 'latin1');
  der.fill(0);
  return pem;
}

/** Reads what `privateKeyPem` wrote. @param path for the error message */
export async function readSigningKey(
  pem: Buffer,
  path: string,
): Promise<{ key: webcrypto.CryptoKey; algorithm: PkiAlgorithm }> {
  try {
    const key = createPrivateKey(pem);
    const kind: string | undefined = key.asymmetricKeyType;
    const algorithm = kind === 'ed25519' || kind === 'ml-dsa-65' ? kind : 'ecdsa-p256';
    const der = key.export({ type: 'pkcs8', format: 'der' });
    const bytes = new Uint8Array(der);
    der.fill(0);
    const imported = await crypto.subtle.importKey('pkcs8', bytes, KEY[algorithm], false, ['sign']);
    bytes.fill(0);
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
