import { join } from 'node:path';
import type { Config } from '../config/schema.ts';
import type { Log } from '../env/log.ts';
import type { AgentError } from '../errors.ts';
import { ClockWatch } from '../kma/clock-watch.ts';
import { HopGuard } from '../kma/hop-guard.ts';
import { Relay } from '../kma/relay.ts';
import { RelayDestination } from '../kma/relay-destination.ts';
import { RelaySource } from '../kma/relay-source.ts';
import { RelayTransit } from '../kma/relay-transit.ts';
import { Routes } from '../kma/routes.ts';
import { Supply } from '../ksa/supply.ts';
import { Gate, kxGate } from '../kx/peer/gate.ts';
import type { Peer } from '../kx/peer/peer.ts';
import { openDataDirectory } from '../node/data-directory.ts';
import { GuardFile } from '../node/guard-file.ts';
import { loadNodeKey } from '../node/node-key.ts';
import { openTlsKeyLog } from '../node/tls-key-log.ts';
import { refuseZeroized } from '../node/zeroized-mark.ts';
import { Allocator } from '../store/allocator.ts';
import { KeyStore } from '../store/key-store.ts';
import { AuditParts } from './audit-parts.ts';
import { Neighbours, type WholeAgent } from './neighbours.ts';
import { buildNotification } from './notification-parts.ts';
import type { Origin } from './origin.ts';
import { PoolKeeping } from './pool-keeping.ts';
import { useRoutes } from './reconfigure.ts';
import { keySettings } from './settings.ts';
import type { AgentParts } from './status.ts';
import type { World } from './world.ts';

export type Closing = () => void | Promise<void>;

/**
 * Opens the store and builds everything on it; nothing runs yet. `closings` gets what undoes it, in order.
 */
export function buildParts(
  world: World,
  origin: Origin,
  plainLog: Log,
  closings: Closing[],
  onBroken: (error: AgentError) => void,
): WholeAgent {
  const { config, sha256 } = origin;
  const { clock, entropy, disk } = world;
  const auditing = new AuditParts(plainLog, world);
  const { audit, log } = auditing;
  const self = config.kma_id;
  openDataDirectory(disk, config.data_directory, log);
  refuseZeroized(disk, config.data_directory);
  using nodeKey = loadNodeKey(disk, config.node_key, config.data_directory, entropy);
  const path = join(config.data_directory, 'keys.sqlite');
  const memory = config.rollback_guard && new GuardFile(disk, config.rollback_guard.file);
  if (memory !== undefined) closings.push(() => memory.close());
  const { onBlock } = auditing;
  const options = { path, kmaId: self, nodeKey, clock, entropy, disk, log, guard: memory, onBroken, onBlock };
  const store = new KeyStore(options);
  closings.push(() => auditing.end());
  closings.push(() => store.close());
  auditing.open(config, store, nodeKey, sha256);
  closings.push(() => auditing.stop());
  const allocator = new Allocator(store);
  const guard = new HopGuard(self, store, allocator, log);
  const routes = new Routes(self);
  useRoutes(routes, config);
  const peers = new Map<string, Peer>();
  const source = new RelaySource({ self, store, guard, routes, peers, clock, entropy, log, audit });
  const transit = new RelayTransit(guard, routes, peers, clock, entropy, audit);
  const destination = new RelayDestination(self, store, routes, clock, log, audit);
  const relay = new Relay(self, guard, { source, transit, destination }, peers, log);
  closings.push(() => source.stop());
  const settings = config.supply && keySettings(config, config.supply);
  const supply = settings && new Supply(settings.supply, store, allocator);
  const noticing = { self, guard, routes, peers, clock, entropy };
  const { notification, push } = buildNotification(settings, supply, noticing, log, audit);
  closings.push(() => notification.source.stop());
  const pools = new PoolKeeping({ store, routes, source, clock });
  const base: AgentParts = {
    config,
    origin,
    log,
    auditing,
    store,
    relay,
    routes,
    peers,
    pools,
    links: new Map(),
    holdings: new Map(),
    modules: new Map(),
    settings,
    supply,
    notification,
    push,
    transport: world.kx(config.kx, {
      admission: new Gate(kxGate, clock),
      clock,
      log,
      onKeyLog: keyLog(config, log, closings),
    }),
    doors: { supply: undefined },
    reloads: { last: Promise.resolve(), stopped: false },
    ports: { kx: null, supply: null },
    startedMs: clock.monotonicMs(),
    clock,
    world,
    clockWatch: new ClockWatch(store, clock, log),
  };
  const parts: WholeAgent = Object.assign(base, { neighbours: new Neighbours(base, log, onBroken) });
  pools.setPolicies(config);
  addNeighbours(parts);
  return parts;
}

function addNeighbours({ config, neighbours }: WholeAgent): void {
  for (const peer of config.kx.peers) neighbours.addPeer(peer);
  for (const link of config.links) neighbours.addLink(link);
  for (const { kma_id } of config.kx.peers) neighbours.addHoldings(kma_id);
}

function keyLog({ kx }: Config, log: Log, closings: Closing[]): ((line: Buffer) => void) | undefined {
  if (kx.lab_tls_keylog === undefined) return undefined;
  const file = openTlsKeyLog(kx.lab_tls_keylog, log);
  closings.push(() => file.close());
  return file.write;
}
