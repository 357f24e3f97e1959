import { privateKeyPem } from '../pki/algorithms.ts';
import { certificatePem, makeAuthority, makeLeaf } from '../pki/certificate.ts';

export type Credentials = { readonly cert: string; readonly key: Buffer };

let made: Promise<{ readonly issued: Credentials; readonly selfSigned: Credentials }> | undefined;

/** Certificates that look right and that nobody has reason to trust: of an authority made up here, and of nobody. */
export function foreignIdentity(kmaId: string): NonNullable<typeof made> {
  made ??= make(kmaId);
  return made;
}

async function make(kmaId: string) {
  const validity = { now: new Date(), days: 1 };
  const algorithm = 'ecdsa-p256';
  const authority = await makeAuthority('keyferry Kx CA', algorithm, validity);
  const request = { commonName: kmaId, hosts: [], uses: ['server', 'client'], algorithm } as const;
  const leaf = await makeLeaf(authority, request, validity);
  const self = await makeAuthority(kmaId, algorithm, validity);
  const pem = async ({ certificate, key }: typeof leaf) => ({
    cert: certificatePem(certificate),
    key: await privateKeyPem(key),
  });
  return { issued: await pem(leaf), selfSigned: await pem(self) };
}
