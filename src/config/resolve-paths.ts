import { resolve } from 'node:path';
import type { AuditConfig, Config, NodeKeySource, PortConfig } from './schema.ts';

/** A copy of `config` whose paths are absolute: relative ones start at `directory`. */
export function resolvePaths(config: Config, directory: string): Config {
  const from = (path: string) => resolve(directory, path);
  const { kx, supply } = config;
  return {
    ...config,
    data_directory: from(config.data_directory),
    node_key: nodeKey(config.node_key, from),
    rollback_guard: config.rollback_guard && { file: from(config.rollback_guard.file) },
    tamper: config.tamper && { ...config.tamper, file: from(config.tamper.file) },
    audit: auditPaths(config.audit, from),
    control: { ...config.control, socket: from(config.control.socket) },
    kx: {
      ...kx,
      certificate: from(kx.certificate),
      private_key: from(kx.private_key),
      ca: from(kx.ca),
      ...(kx.crl === undefined ? {} : { crl: from(kx.crl) }),
      ...(kx.lab_tls_keylog === undefined ? {} : { lab_tls_keylog: from(kx.lab_tls_keylog) }),
    },
    links: config.links.map((link) => ({
      ...link,
      port: port(link.port, from),
      module_key: link.module_key === undefined ? undefined : from(link.module_key),
    })),
    supply: supply && {
      ...supply,
      certificate: from(supply.certificate),
      private_key: from(supply.private_key),
      client_ca: from(supply.client_ca),
    },
  };
}

function auditPaths(audit: AuditConfig, from: (path: string) => string): AuditConfig {
  const { directory, syslog } = audit;
  const at = (path: string | undefined) => (path === undefined ? undefined : from(path));
  return {
    ...audit,
    directory: at(directory),
    syslog: syslog && {
      ...syslog,
      ca: at(syslog.ca),
      certificate: at(syslog.certificate),
      private_key: at(syslog.private_key),
    },
  };
}

function nodeKey(source: NodeKeySource, from: (path: string) => string): NodeKeySource {
  if ('file' in source) return { file: from(source.file) };
  if ('passphrase_file' in source) return { passphrase_file: from(source.passphrase_file) };
  return source;
}

function port(given: PortConfig, from: (path: string) => string): PortConfig {
  if ('path' in given) return { path: from(given.path) };
  if ('folder' in given) return { folder: { ...given.folder, path: from(given.folder.path) } };
  return given;
}
