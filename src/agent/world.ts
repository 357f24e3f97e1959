import type { Driver } from '../../drivers/driver.ts';
import { driverById } from '../../drivers/registry.ts';
import type { Config, SupplyConfig } from '../config/schema.ts';
import { startControl } from '../control/server.ts';
import type { Clock } from '../env/clock.ts';
import type { Disk } from '../env/disk.ts';
import type { Entropy } from '../env/entropy.ts';
import type { KxTransport } from '../env/kx-transport.ts';
import { type KeyDelivery, type KeyDeliveryOptions, startKeyDelivery } from '../ksa/gs-qkd-014/server.ts';
import { systemClock } from '../node/clock.ts';
import { systemDisk } from '../node/disk.ts';
import { systemEntropy } from '../node/entropy.ts';
import type { KxCredentials } from '../node/kx-credentials.ts';
import { createKxTransport, type KxTlsParts } from '../node/kx-tls.ts';
import { readKxFiles, readSupplyFiles, type TlsFiles, tlsFiles } from './tls-files.ts';

/** Kx connections, and this node's part in who may have one. */
export type AgentTransport = KxTransport & {
  readonly credentials: Pick<KxCredentials, 'crlNextUpdate' | 'expires' | 'tryOut' | 'wipe'>;
  /** See `KxTlsTransport`. */
  use(credentials: KxCredentials): number;
};

/**
 * All of the world that an agent touches. Handed in as a whole, so that a simulation can run the same agent in one of its own: whatever
 * else a part reads (a clock, a random source, a file, a socket) is a fault.
 */
export type World = {
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly disk: Disk;
  readonly tlsFiles: TlsFiles;
  driver(id: string): Driver | undefined;
  kx(config: Config['kx'], parts: KxTlsParts): AgentTransport;
  openControl: typeof startControl;
  openSupply(config: SupplyConfig, options: Omit<KeyDeliveryOptions, 'tls'>): Promise<KeyDelivery>;
};

/** The real one. */
export const systemWorld: World = {
  clock: systemClock,
  entropy: systemEntropy,
  disk: systemDisk,
  tlsFiles,
  driver: driverById,
  kx: (config, parts) => createKxTransport(readKxFiles(config), parts),
  openControl: startControl,
  openSupply: (config, options) => startKeyDelivery({ ...options, tls: readSupplyFiles(config) }),
};
