import * as z from 'zod';
import { limits } from '../limits.ts';
import { id, listenAddress, path, whole } from './fields.ts';

/** Widths in bits of the largest KSA-key that the supply can put together. */
const ksaKeyBitsMax = limits.ksaKeyUnitsMax * limits.unitBytes * 8;

const application = z.strictObject({
  sae_id: id({ description: "The application's SAE ID: its certificate's common name.", example: 'app-a' }),
  kma_id: id({
    description:
      'KMA ID of the node that serves the application; left out or own: this node. Otherwise the peer of a link, the destination of a route or a plain peer.',
    example: 'C',
  }).optional(),
  plain_kma_ids: z
    .array(id({ description: 'KMA ID of a plain KMA.', example: 'P' }))
    .max(limits.peersMax, { error: `lists more than ${limits.peersMax} KMAs` })
    .default([])
    .meta({
      description:
        'The plain KMAs whose keys an application of this node may fetch by ID. Their key IDs are bound to no application, so that each of those named here can fetch any.',
      limits: `up to ${limits.peersMax} KMA IDs`,
      example: '[P]',
    }),
  push: z.boolean().default(false).meta({
    description:
      'With `kma_id`: every key that is taken for this application is announced to its node, which pushes it to the application. An application here may ask for that, or for the opposite, with each request.',
    example: 'true',
  }),
});

const session = z.strictObject({
  id: id({ description: "The session's ID, the same at both nodes.", example: 'a-to-c' }),
  source_sae_id: id({
    description: 'SAE ID of the application that asks for key.',
    example: 'app-a',
  }),
  destination_sae_id: id({
    description: 'SAE ID of the application to which the same key is pushed.',
    example: 'app-c',
  }),
  number_of_keys: whole(1, limits.supplyKeysPerRequestMax).default(1).meta({
    description: 'Keys that are pushed where a notification does not say how many.',
    unit: 'keys',
    example: '1',
  }),
  size_of_key: whole(64, ksaKeyBitsMax).multipleOf(8, { error: 'must be a multiple of 8' }).optional().meta({
    description:
      'Their size where a notification does not say it; left out: `default_key_bits`. A multiple of 8.',
    unit: 'bits',
    example: '256',
  }),
});

export const supply = z
  .strictObject({
    listen: listenAddress({ description: 'Serve applications here (HTTPS).', example: '0.0.0.0:8443' }),
    certificate: path({
      description: 'Certificate (PEM, a chain may follow) that applications see.',
      example: 'supply.pem',
    }),
    private_key: path({
      description: "The certificate's private key (PEM), readable by the agent alone.",
      example: 'supply.key',
    }),
    client_ca: path({
      description:
        'Certificates (PEM) of the authority that issues applications theirs. Never the one of `kx.ca`: a key manager is no application.',
      example: 'application-ca.pem',
    }),
    applications: z
      .array(application)
      .max(limits.applicationsMax, { error: `lists more than ${limits.applicationsMax} applications` })
      .default([])
      .meta({
        description: 'Who may be served, and by which node each is.',
        limits: `up to ${limits.applicationsMax}`,
      }),
    sessions: z
      .array(session)
      .max(limits.sessionsMax, { error: `lists more than ${limits.sessionsMax} sessions` })
      .default([])
      .meta({
        description:
          'Sessions of key supply notification (Q.4163 §7.2) in which the node of the destination application chooses the keys: for neighbours that do not understand which keys are announced to them. Both nodes name the same.',
        limits: `up to ${limits.sessionsMax}`,
      }),
    default_key_bits: whole(64, ksaKeyBitsMax)
      .multipleOf(8, { error: 'must be a multiple of 8' })
      .default(256)
      .meta({
        description: 'Size of a key when the application asks for none. A multiple of 8.',
        unit: 'bits',
        example: '256',
      }),
    max_key_bits: whole(64, ksaKeyBitsMax)
      .multipleOf(8, { error: 'must be a multiple of 8' })
      .default(4_096)
      .meta({
        description: 'Largest key an application may ask for. A multiple of 8.',
        unit: 'bits',
        example: '4096',
      }),
    max_keys_per_request: whole(1, limits.supplyKeysPerRequestMax)
      .default(limits.supplyKeysPerRequestMax)
      .meta({ description: 'Most keys that one request may ask for.', unit: 'keys', example: '128' }),
  })
  .meta({ description: 'The server for applications (ETSI GS QKD 014). Left out: a node that only relays.' });
