import type { X509Certificate } from 'node:crypto';
import {
  authorityProblem,
  type CertificateProblem,
  isProblem,
  issuerProblem,
  keyProblem,
  nameProblem,
  readCertificates,
  readPrivateKey,
  rootProblem,
  sameKey,
  useProblem,
  validityProblem,
} from './certificates.ts';
import { sameAuthority } from './common-faults.ts';
import { crlProblem, readCrls, revokedProblem } from './crl.ts';
import type { FaultPath, FoundFault } from './faults.ts';
import { type FileWorld, lookAt } from './reader.ts';
import type { Config } from './schema.ts';

/** The certificates, private keys and authorities of `kx` and `supply`: each by itself, then against each other. */
export function checkCertificateFiles(config: Config, world: FileWorld): FoundFault[] {
  const faults: FoundFault[] = [];
  const report = (at: FaultPath, problem: CertificateProblem | undefined) => {
    if (problem !== undefined) faults.push({ at, ...problem });
  };
  const { kx, supply } = config;

  const kxChain = certificates(kx.certificate, ['kx', 'certificate'], world, faults);
  const kxAuthorities = certificates(kx.ca, ['kx', 'ca'], world, faults);
  report(['kx', 'ca'], authoritiesProblem(kxAuthorities, world));
  const kxLeaf = kxChain[0];
  if (kxLeaf !== undefined) {
    const at = ['kx', 'certificate'];
    report(at, validityProblem(kxLeaf, world.now));
    report(at, nameProblem(kxLeaf, config.kma_id));
    report(at, useProblem(kxLeaf, ['server', 'client']));
    if (kxAuthorities.length > 0) report(at, issuerProblem(kxChain, kxAuthorities));
  }
  privateKey(kx.private_key, ['kx', 'private_key'], kxLeaf, world, faults);
  faults.push(...crlFaults(kx.crl, kxAuthorities, kxLeaf, world));

  auditFiles(config, world, faults);

  if (supply === undefined) return faults;
  const supplyLeaf = certificates(supply.certificate, ['supply', 'certificate'], world, faults)[0];
  if (supplyLeaf !== undefined) {
    report(['supply', 'certificate'], validityProblem(supplyLeaf, world.now));
    report(['supply', 'certificate'], useProblem(supplyLeaf, ['server']));
  }
  privateKey(supply.private_key, ['supply', 'private_key'], supplyLeaf, world, faults);
  const clientAuthorities = certificates(supply.client_ca, ['supply', 'client_ca'], world, faults);
  report(['supply', 'client_ca'], authoritiesProblem(clientAuthorities, world));
  if (areRelated(kxAuthorities, clientAuthorities)) faults.push(sameAuthority());
  return faults;
}

function auditFiles({ audit: { syslog } }: Config, world: FileWorld, faults: FoundFault[]): void {
  const at = (key: string) => ['audit', 'syslog', key];
  if (syslog?.ca !== undefined) certificates(syslog.ca, at('ca'), world, faults);
  if (syslog?.certificate === undefined || syslog.private_key === undefined) return;
  const leaf = certificates(syslog.certificate, at('certificate'), world, faults)[0];
  privateKey(syslog.private_key, at('private_key'), leaf, world, faults);
}

function crlFaults(
  path: string | undefined,
  authorities: readonly X509Certificate[],
  leaf: X509Certificate | undefined,
  world: FileWorld,
): FoundFault[] {
  if (path === undefined) return [];
  const at = ['kx', 'crl'];
  const { bytes, faults } = lookAt(world.reader, path, at, false);
  if (bytes === undefined) return faults;
  const crls = readCrls(bytes);
  const problem = isProblem(crls) ? crls : crlProblem(crls, authorities, world.now);
  if (problem !== undefined) faults.push({ at, ...problem });
  const revoked = isProblem(crls) || leaf === undefined ? undefined : revokedProblem(leaf, crls);
  if (revoked !== undefined) faults.push({ at: ['kx', 'certificate'], ...revoked });
  return faults;
}

function certificates(
  path: string,
  at: FaultPath,
  world: FileWorld,
  faults: FoundFault[],
): X509Certificate[] {
  const looked = lookAt(world.reader, path, at, false);
  faults.push(...looked.faults);
  if (looked.bytes === undefined) return [];
  const read = readCertificates(looked.bytes);
  looked.bytes.fill(0); // A PEM file may carry the private key beside the certificate.
  if (!isProblem(read)) return read;
  faults.push({ at, ...read });
  return [];
}

function privateKey(
  path: string,
  at: FaultPath,
  certificate: X509Certificate | undefined,
  world: FileWorld,
  faults: FoundFault[],
): void {
  const looked = lookAt(world.reader, path, at, true);
  faults.push(...looked.faults);
  if (looked.bytes === undefined) return;
  const key = readPrivateKey(looked.bytes);
  looked.bytes.fill(0);
  const problem = isProblem(key) ? key : certificate && keyProblem(certificate, key);
  if (problem !== undefined) faults.push({ at, ...problem });
}

function authoritiesProblem(
  authorities: readonly X509Certificate[],
  { now }: FileWorld,
): CertificateProblem | undefined {
  for (const authority of authorities) {
    const problem = authorityProblem(authority) ?? validityProblem(authority, now);
    if (problem !== undefined) return problem;
  }
  return rootProblem(authorities);
}

/** One authority in both, or one of either that stands below one of the other: whoever shows a chain is believed up to any of them. */
function areRelated(some: readonly X509Certificate[], others: readonly X509Certificate[]): boolean {
  const leadsUp = (from: readonly X509Certificate[], to: readonly X509Certificate[]) =>
    from.some(
      (authority) =>
        to.some((other) => sameKey(authority, other)) ||
        issuerProblem([authority, ...from], to) === undefined,
    );
  return leadsUp(some, others) || leadsUp(others, some);
}
