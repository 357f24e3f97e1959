import * as z from 'zod';
import { limits } from '../limits.ts';
import { dialAddress, id, listenAddress, path } from './fields.ts';

const peer = z.strictObject({
  kma_id: id({ description: "The neighbour's KMA ID, as its certificate says.", example: 'B' }),
  address: dialAddress({
    description: 'Dial the neighbour here. Leave it out to wait for the neighbour to dial.',
    example: '192.0.2.2:4163',
  }).optional(),
  protocol: z.enum(['keyferry', 'plain']).default('keyferry').meta({
    description:
      'What the neighbour speaks. `keyferry`: pads, authenticators, synchronisation. `plain`: the four messages of Q.4163 and nothing else, protected by TLS alone.',
    example: 'plain',
  }),
  unprotected_key: z.boolean().default(false).meta({
    description: 'With `protocol: plain`: key may be relayed over this link, protected by nothing but TLS.',
    example: 'true',
  }),
  member_names: z
    .enum(['source_KMA_ID', 'Source KMA ID', 'sourceKmaId', 'source_kma_id'])
    .default('source_KMA_ID')
    .meta({
      description:
        'With `protocol: plain`: how the names of JSON members are spelt to this peer. Any spelling is read.',
      example: 'sourceKmaId',
    }),
});

const route = z.strictObject({
  destination: id({ description: 'KMA ID of the far end.', example: 'C' }),
  via: z
    .array(id({ description: 'KMA ID of a transit KMA.', example: 'B' }))
    .min(1, { error: 'names no transit KMA' })
    .max(limits.transitMax, { error: `names more than ${limits.transitMax} transit KMAs` })
    .meta({
      description: 'The transit KMAs in order, from the neighbour onward; the first is one of `kx.peers`.',
      limits: `1 to ${limits.transitMax} KMA IDs`,
      example: '[B]',
    }),
  protocol: z.enum(['keyferry', 'plain']).default('keyferry').meta({
    description:
      'What the far end understands. `plain`: a key manager of another make, behind keyferry nodes; it gets KMA-keys under IDs of their own.',
    example: 'plain',
  }),
});

export const kx = z
  .strictObject({
    listen: listenAddress({
      description: 'Wait for neighbours here. May be left out when every peer has an address.',
      example: '0.0.0.0:4163',
    }).optional(),
    certificate: path({
      description: "This node's certificate (PEM, a chain may follow). Its common name is `kma_id`.",
      example: 'kx.pem',
    }),
    private_key: path({
      description: "The certificate's private key (PEM), readable by the agent alone.",
      example: 'kx.key',
    }),
    ca: path({
      description:
        'Certificates (PEM) of the authority that issues key managers their certificates, and nobody else.',
      example: 'kx-ca.pem',
    }),
    crl: path({
      description:
        'Revocation lists (PEM), one of every authority of `ca`, each before the time at which it is to be renewed: a peer whose certificate is revoked is refused, and so is every peer while a list is missing or out of date. Left out: nothing is looked up. Read again by `keyferry reload`.',
      example: 'kx-crl.pem',
    }).optional(),
    lab_tls_keylog: path({
      description:
        'For a laboratory only, never where key is worth anything: the secrets of every TLS connection to neighbours are appended to this file (NSS key log), with which whoever captures the traffic reads it.',
      example: '/tmp/kx.keylog',
    }).optional(),
    peers: z
      .array(peer)
      .max(limits.peersMax, { error: `lists more than ${limits.peersMax} peers` })
      .default([])
      .meta({ description: 'The neighbour key managers.', limits: `up to ${limits.peersMax}` }),
    routes: z
      .array(route)
      .max(limits.routesMax, { error: `lists more than ${limits.routesMax} routes` })
      .default([])
      .meta({
        description: 'How key reaches KMAs that are no neighbours: one route for each destination.',
        limits: `up to ${limits.routesMax}`,
      }),
  })
  .meta({ description: 'The Kx interface to other key managers (Recommendation ITU-T Q.4163).' });
