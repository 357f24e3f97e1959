import type { World } from '../../src/agent/world.ts';
import type { Controlled } from '../../src/control/server.ts';
import type { Disk } from '../../src/env/disk.ts';
import type { Entropy } from '../../src/env/entropy.ts';
import type { KeyDeliveryOptions } from '../../src/ksa/gs-qkd-014/server.ts';
import type { KeySupply } from '../../src/ksa/key-supply.ts';
import type { KxCredentials } from '../../src/node/kx-credentials.ts';
import type { NodeClock } from './node-clock.ts';
import { driverOf } from './sim-config.ts';
import type { SimModule } from './sim-module.ts';
import type { Host, SimNet } from './sim-net.ts';

/** Where the doors of an agent are found once it has opened them. */
export type OpenDoors = {
  readonly clock: NodeClock;
  readonly host: Host;
  supply: KeySupply | undefined;
  controlled: Controlled | undefined;
};

export type Around = {
  readonly net: SimNet;
  readonly entropy: Entropy;
  readonly disk: Disk;
  /** By peer. */
  readonly modules: ReadonlyMap<string, SimModule>;
  /** Whether the agent still lives. */
  readonly alive: () => boolean;
};

/** All that one agent touches, in one life. */
export function simWorld(doors: OpenDoors, { net, entropy, disk, modules, alive }: Around): World {
  const credentials = {
    tryOut: async () => undefined,
    expires: new Date(Date.UTC(2050, 0, 1)),
    crlNextUpdate: undefined,
    wipe: () => {},
  };
  const byDriver = new Map([...modules].map(([peer, module]) => [driverOf(peer), module]));
  return {
    clock: doors.clock,
    entropy,
    disk,
    tlsFiles: {
      faults: () => [],
      credentials: () => credentials as unknown as KxCredentials,
      delivery: () => ({ certificate: Buffer.of(), privateKey: Buffer.of(), clientCa: Buffer.of() }),
    },
    driver: (id) => byDriver.get(id)?.driver(alive),
    kx: () => ({ ...net.transport(doors.host), credentials, use: () => 0 }),
    openControl: async (_path: string, controlled: Controlled) => {
      doors.controlled = controlled;
      return async () => {};
    },
    openSupply: async (_config: unknown, { supply }: Omit<KeyDeliveryOptions, 'tls'>) => {
      doors.supply = supply;
      return {
        port: 443,
        connections: () => 0,
        refusals: () => ({}),
        answers: () => ({}),
        expires: () => new Date(0),
        reload: () => {},
        close: async () => {},
      };
    },
  };
}
