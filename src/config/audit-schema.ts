import * as z from 'zod';
import { limits } from '../limits.ts';
import { dialAddress, path, whole } from './fields.ts';

const syslog = z
  .strictObject({
    address: dialAddress({
      description:
        'The collector: syslog (RFC 5424) over TLS (RFC 5425), or over TCP with octet counts (RFC 6587).',
      example: 'log.example:6514',
    }),
    ca: path({
      description:
        "Certificates (PEM) of the authority that issued the collector's. The host in `address` must be in that certificate.",
      example: 'syslog-ca.pem',
    }).optional(),
    certificate: path({
      description:
        'Certificate (PEM) with which the agent proves itself to the collector, where it asks for one.',
      example: 'syslog.pem',
    }).optional(),
    private_key: path({
      description: "The certificate's private key (PEM), readable by the agent alone.",
      example: 'syslog.key',
    }).optional(),
    unencrypted: z.boolean().default(false).meta({
      description:
        'In place of `ca`: TCP without TLS, for a collector on this machine or in its rack. Whoever is on the way reads who had key when, and can leave records out unseen until the chain is looked at.',
      example: 'true',
    }),
  })
  .meta({ description: 'Ships every record to a syslog collector. Left out: the trail stays on this node.' });

export const audit = z
  .strictObject({
    directory: path({
      description:
        'Where the trail is kept; left out: `audit` in `data_directory`. Never shared by two nodes.',
      example: '/var/lib/keyferry/audit',
    }).optional(),
    max_bytes: whole(limits.auditBytesMin, limits.auditBytesMax).default(limits.auditBytesDefault).meta({
      description:
        'What the files of the trail may take up together. When they would be more, the oldest go, and that is on record.',
      unit: 'bytes',
      example: '268435456',
    }),
    when_full: z.enum(['go_on', 'refuse']).default('go_on').meta({
      description:
        'While the disk takes no records. `go_on`: the node works, what can wait no longer is counted, and the gap is on record. `refuse`: applications get no key meanwhile.',
      example: 'go_on',
    }),
    syslog: syslog.optional(),
  })
  .prefault({})
  .meta({ description: 'The audit trail: what became of each key, without the key (docs/audit.md).' });
