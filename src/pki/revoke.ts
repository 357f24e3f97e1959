import { existsSync } from 'node:fs';
import { parseCertificate } from './certificate.ts';
import { makeCrl, type Revoked, readRevoked } from './crl.ts';
import { pkiPaths, readFile, writeFiles } from './directory.ts';
import { checkId, type PkiOptions, readAuthority, validityOf } from './pki.ts';

export const crlDaysDefault = 30;

/**
 * Makes the revocation list of the key managers' authority anew, in `dir`/kx-crl.pem: what was on it, and the certificates that
 * `kmaIds` have now. @returns its path. @throws AgentError `configuration.pki_…`, and then the list is as it was
 */
export async function makeKxCrl(
  dir: string,
  kmaIds: readonly string[],
  options: Pick<PkiOptions, 'days' | 'now'> = {},
): Promise<string> {
  const paths = pkiPaths(dir);
  const validity = validityOf(options, crlDaysDefault);
  const authority = await readAuthority(paths.kxAuthority);
  const revoked = new Map<string, Revoked>();
  const before = existsSync(paths.kxCrl) ? readRevoked(readFile(paths.kxCrl), paths.kxCrl) : [];
  for (const entry of before) revoked.set(entry.serialNumber, entry);
  for (const kmaId of kmaIds) {
    checkId(kmaId, 'KMA');
    const { kxCertificate } = paths.node(kmaId);
    const { serialNumber } = parseCertificate(readFile(kxCertificate), kxCertificate);
    revoked.set(serialNumber, { serialNumber, revocationDate: validity.now });
  }
  const content = await makeCrl(authority, [...revoked.values()], validity);
  writeFiles([{ path: paths.kxCrl, content, secret: false }], true);
  return paths.kxCrl;
}
