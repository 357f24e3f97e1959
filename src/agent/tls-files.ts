import { readFileSync } from 'node:fs';
import type { Collector } from '../audit/shipper.ts';
import { checkCertificateFiles } from '../config/certificate-files.ts';
import type { FoundFault } from '../config/faults.ts';
import { diskReader } from '../config/files.ts';
import type { AuditConfig, Config, SupplyConfig } from '../config/schema.ts';
import { AgentError, messageOf } from '../errors.ts';
import type { DeliveryTls } from '../ksa/gs-qkd-014/tls-settings.ts';
import { KxCredentials, type KxFiles } from '../node/kx-credentials.ts';

/** The TLS files that a configuration names, read anew each time. Private keys belong to the caller. */
export type TlsFiles = {
  /** What is wrong with them. */
  faults(config: Config, now: Date): FoundFault[];
  /** @throws AgentError `configuration.…` */
  credentials(kx: Config['kx']): KxCredentials;
  /** @throws AgentError `configuration.file_unreadable` */
  delivery(supply: SupplyConfig): DeliveryTls;
};

export const tlsFiles: TlsFiles = {
  faults: (config, now) => checkCertificateFiles(config, { reader: diskReader, now }),
  credentials: (kx) => new KxCredentials(readKxFiles(kx)),
  delivery: readSupplyFiles,
};

/** What the configuration names for Kx. Private keys belong to the caller. @throws AgentError `configuration.file_unreadable` */
export function readKxFiles({ certificate, private_key, ca, crl }: Config['kx']): KxFiles {
  return {
    certificate: read(certificate),
    privateKey: read(private_key),
    ca: read(ca),
    crl: crl === undefined ? undefined : read(crl),
  };
}

/** What the configuration names for applications. @throws AgentError `configuration.file_unreadable` */
export function readSupplyFiles({ certificate, private_key, client_ca }: SupplyConfig): DeliveryTls {
  return { certificate: read(certificate), privateKey: read(private_key), clientCa: read(client_ca) };
}

/** What the configuration names for the collector of the audit trail; undefined without TLS. @throws AgentError `configuration.file_unreadable` */
export function readSyslogFiles({
  ca,
  certificate,
  private_key,
}: NonNullable<AuditConfig['syslog']>): Collector['tls'] {
  if (ca === undefined) return undefined;
  const optional = (path: string | undefined) => (path === undefined ? undefined : read(path));
  return { ca: read(ca), cert: optional(certificate), key: optional(private_key) };
}

function read(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new AgentError('configuration.file_unreadable', `${path} cannot be read: ${messageOf(cause)}`, {
      fault: 'configuration',
      remedy: 'Let the user that runs keyferry read it, or correct the path.',
      cause,
    });
  }
}
