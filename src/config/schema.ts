import * as z from 'zod';
import { limits } from '../limits.ts';
import { audit } from './audit-schema.ts';
import { id, path } from './fields.ts';
import { rollbackGuard, tamper } from './guard-schema.ts';
import { kx } from './kx-schema.ts';
import { link } from './link-schema.ts';
import { nodeKey } from './node-key-schema.ts';
import { pool, poolDefaults } from './pool-schema.ts';
import { supply } from './supply-schema.ts';

export type { PortConfig } from './link-schema.ts';
export type { NodeKeySource } from './node-key-schema.ts';
export { poolDefaults } from './pool-schema.ts';

/** The whole configuration file. Every maximum is one of src/limits.ts. */
export const configSchema = z.strictObject({
  kma_id: id({
    description: "This node's KMA ID. Equals the common name of `kx.certificate`.",
    example: 'A',
  }),
  data_directory: path({ description: 'Directory of the sealed key store.', example: '/var/lib/keyferry' }),
  node_key: nodeKey,
  rollback_guard: rollbackGuard.optional(),
  tamper: tamper.optional(),
  control: z
    .strictObject({
      socket: path({
        description: 'Socket on which the command line, a controller and the status page reach the agent.',
        example: '/run/keyferry/control.sock',
      }).default('/run/keyferry/control.sock'),
    })
    .prefault({})
    .meta({ description: 'The local control interface.' }),
  log: z
    .strictObject({
      level: z
        .enum(['debug', 'info', 'warn', 'error'])
        .default('info')
        .meta({ description: 'Least weight of the lines that are written.', example: 'info' }),
    })
    .prefault({})
    .meta({ description: 'The log, one JSON object a line on standard output.' }),
  audit,
  kx,
  links: z
    .array(link)
    .max(limits.modulesMax, { error: `lists more than ${limits.modulesMax} links` })
    .default([])
    .meta({
      description: 'The QKD links that end here: one module each, at most one link for each peer.',
      limits: `up to ${limits.modulesMax}`,
    }),
  supply: supply.optional(),
  pools: z
    .array(pool)
    .max(limits.routesMax, { error: `lists more than ${limits.routesMax} pools` })
    .default([])
    .meta({
      description: `Relay pools that differ from the usual ${poolDefaults.low_water_keys} to ${poolDefaults.high_water_keys} KMA-keys.`,
      limits: `up to ${limits.routesMax}`,
    }),
});

/** A configuration as the agent uses it: defaults filled in, keys spelt as in the file. */
export type Config = z.output<typeof configSchema>;
export type AuditConfig = Config['audit'];
export type PeerConfig = Config['kx']['peers'][number];
export type RouteConfig = Config['kx']['routes'][number];
export type LinkConfig = Config['links'][number];
export type SupplyConfig = NonNullable<Config['supply']>;
export type ApplicationConfig = SupplyConfig['applications'][number];
export type SessionConfig = SupplyConfig['sessions'][number];
export type PoolConfig = Config['pools'][number];
