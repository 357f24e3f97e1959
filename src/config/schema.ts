import { z } from 'zod';
import { limits } from '../limits.ts';
import { dialAddress, exactlyOne, id, listenAddress, path, whole } from './fields.ts';

/** Widths in bits of the largest KSA-key that the supply can put together. */
const ksaKeyBitsMax = limits.ksaKeyUnitsMax * limits.unitBytes * 8;

/** What a relay pool keeps when the configuration says nothing of it, in KMA-keys of 256 bits. */
export const poolDefaults = { low_water_keys: 2_000, high_water_keys: 8_000 } as const;

export type NodeKeySource =
  | { readonly file: string }
  | { readonly passphrase_file: string }
  | { readonly credential: string };

const nodeKey = z
  .strictObject({
    file: path({
      description: 'File with the node key: 32 raw bytes, or 64 hexadecimal digits and a newline.',
      example: 'node.key',
    }).optional(),
    passphrase_file: path({
      description: 'File whose first line is the passphrase from which Argon2id makes the node key.',
      example: '/etc/keyferry/passphrase',
    }).optional(),
    credential: z
      .string()
      .regex(/^[A-Za-z0-9._-]{1,255}$/, { error: 'is not the name of a credential' })
      .optional()
      .meta({
        description:
          'Name of a systemd credential (LoadCredential=) that holds the node key as `file` would; read from $CREDENTIALS_DIRECTORY.',
        limits: '1 to 255 of A–Z a–z 0–9 . _ -',
        example: 'node-key',
      }),
  })
  .superRefine((value, context) => {
    const message = exactlyOne(value, ['file', 'passphrase_file', 'credential']);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  })
  .transform((value): NodeKeySource => {
    if (value.file !== undefined) return { file: value.file };
    if (value.passphrase_file !== undefined) return { passphrase_file: value.passphrase_file };
    return { credential: value.credential ?? '' };
  })
  .meta({
    description:
      'Where the key comes from that seals everything the node keeps on disk. Exactly one of the three. Whoever loses it loses the stored key.',
  });

const peer = z.strictObject({
  kma_id: id({ description: "The neighbour's KMA ID, as its certificate says.", example: 'B' }),
  address: dialAddress({
    description: 'Dial the neighbour here. Leave it out to wait for the neighbour to dial.',
    example: '192.0.2.2:4163',
  }).optional(),
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
});

const kx = z
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

const usbId = (what: string, example: string) =>
  z
    .string()
    .regex(/^[0-9a-f]{4}$/, { error: 'is not four hexadecimal digits in lower case' })
    .meta({ description: `USB ${what} ID, in quotes.`, limits: 'four hexadecimal digits', example });

export type PortConfig =
  | { readonly path: string }
  | {
      readonly usb: {
        readonly vendor: string;
        readonly product: string;
        readonly serial?: string | undefined;
      };
    };

const port = z
  .strictObject({
    path: path({ description: 'Path of the serial device.', example: '/dev/ttyUSB0' }).optional(),
    usb: z
      .strictObject({
        vendor: usbId('vendor', '"0403"'),
        product: usbId('product', '"6001"'),
        serial: z
          .string()
          .min(1, { error: 'must not be empty' })
          .max(126, { error: 'is longer than 126 characters' })
          .optional()
          .meta({
            description: 'USB serial number; needed where two like modules are plugged in.',
            limits: '1 to 126 characters',
            example: 'SN42',
          }),
      })
      .optional()
      .meta({ description: 'The first serial port whose USB identity fits.' }),
  })
  .superRefine((value, context) => {
    const message = exactlyOne(value, ['path', 'usb']);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  })
  .transform(
    (value): PortConfig => (value.usb === undefined ? { path: value.path ?? '' } : { usb: value.usb }),
  )
  .meta({ description: 'Where the module is: exactly one of `path` and `usb`.' });

const link = z.strictObject({
  peer: id({
    description: "KMA ID of the neighbour at the link's other end; one of `kx.peers`, in one link only.",
    example: 'B',
  }),
  link_id: id({
    description: 'When given, a module that names another link is refused.',
    example: 'ab-1',
  }).optional(),
  driver: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,63}$/, { error: 'is not the name of a driver' })
    .meta({
      description:
        'The driver that speaks to the module; `keyferry devices` names the drivers that fit what is plugged in.',
      limits: 'name of a driver',
      example: 'bridge-serial',
    }),
  port,
  baud_rate: whole(1_200, 12_000_000)
    .default(115_200)
    .meta({ description: 'Speed of a serial port.', unit: 'bit/s', example: '115200' }),
});

const application = z.strictObject({
  sae_id: id({ description: "The application's SAE ID: its certificate's common name.", example: 'app-a' }),
  kma_id: id({
    description:
      'KMA ID of the node that serves the application; left out or own: this node. Otherwise the peer of a link or the destination of a route.',
    example: 'C',
  }).optional(),
});

const supply = z
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

const water = (description: string, preset: number) =>
  whole(1, limits.poolKeysMax)
    .default(preset)
    .meta({ description, unit: 'KMA-keys of 256 bits', example: String(preset) });

const pool = z.strictObject({
  kma_id: id({ description: 'KMA ID of the far end: the destination of a route.', example: 'C' }),
  low_water_keys: water('Refill by key relay starts when fewer are left.', poolDefaults.low_water_keys),
  high_water_keys: water('Refill stops here.', poolDefaults.high_water_keys),
});

/** The whole configuration file. Every maximum is one of src/limits.ts. */
export const configSchema = z.strictObject({
  kma_id: id({
    description: "This node's KMA ID. Equals the common name of `kx.certificate`.",
    example: 'A',
  }),
  data_directory: path({ description: 'Directory of the sealed key store.', example: '/var/lib/keyferry' }),
  node_key: nodeKey,
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
    .meta({ description: 'The log, one JSON object a line on standard error.' }),
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
export type PeerConfig = Config['kx']['peers'][number];
export type RouteConfig = Config['kx']['routes'][number];
export type LinkConfig = Config['links'][number];
export type SupplyConfig = NonNullable<Config['supply']>;
export type ApplicationConfig = SupplyConfig['applications'][number];
export type PoolConfig = Config['pools'][number];
