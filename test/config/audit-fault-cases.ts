import { at, type FaultCase } from './fault-case.ts';

const with_ = (audit: string) => `data_directory: data\naudit:\n  syslog: { address: "log:6514"${audit} }`;

/** Each makes one fault of a sound configuration, in its audit trail. */
export const auditFaultCases: readonly FaultCase[] = [
  at('audit_shipping', 'data_directory: data', with_(''), 'audit.syslog', '4:3', 'unencrypted: true'),
  at(
    'audit_shipping',
    'data_directory: data',
    with_(', ca: kx-ca.pem, unencrypted: true'),
    'audit.syslog',
    '4:3',
    'unencrypted: true',
  ),
  at(
    'audit_shipping',
    'data_directory: data',
    with_(', ca: kx-ca.pem, certificate: kx.pem'),
    'audit.syslog',
    '4:3',
    'both',
  ),
  at(
    'value',
    'data_directory: data',
    'data_directory: data\naudit: { max_bytes: 1000 }',
    'audit.max_bytes',
    '3:21',
    '268435456',
  ),
];
