import { join } from 'node:path';
import type { FoundFault } from './faults.ts';
import type { Config } from './schema.ts';

/** Where the trail of a node is. */
export function auditDirectory({ audit, data_directory }: Config): string {
  return audit.directory ?? join(data_directory, 'audit');
}

/** A collector is believed for its certificate, or because the configuration says so in so many words. */
export function auditRules({ audit: { syslog } }: Config): FoundFault[] {
  if (syslog === undefined) return [];
  const { ca, certificate, private_key, unencrypted } = syslog;
  const faults: FoundFault[] = [];
  const fault = (message: string, remedy: string) =>
    faults.push({ code: 'configuration.audit_shipping', at: ['audit', 'syslog'], message, remedy });
  if ((ca === undefined) !== unencrypted)
    fault(
      unencrypted ? 'gives a ca and says unencrypted' : 'does not say how the collector proves itself',
      'Give the authority of its certificate as ca, or write unencrypted: true.',
    );
  if ((certificate === undefined) !== (private_key === undefined))
    fault('gives one of certificate and private_key', 'Give both, or neither.');
  return faults;
}
