import { join } from 'node:path';
import { parseHostPort } from '../config/address.ts';
import { plainKmas } from '../config/plain-kmas.ts';
import type { Config } from '../config/schema.ts';
import type { Log } from '../env/log.ts';
import { type AgentError, messageOf, rethrowInvariant } from '../errors.ts';
import { Acquire } from '../kma/acquire.ts';
import { ClockWatch } from '../kma/clock-watch.ts';
import { type Contradiction, HoldingsExchange } from '../kma/holdings.ts';
import { HopGuard } from '../kma/hop-guard.ts';
import { Relay } from '../kma/relay.ts';
import { RelayDestination } from '../kma/relay-destination.ts';
import { RelaySource } from '../kma/relay-source.ts';
import { RelayTransit } from '../kma/relay-transit.ts';
import { Routes } from '../kma/routes.ts';
import { StoreIdentity } from '../kma/store-identity.ts';
import { Synchronise } from '../kma/synchronise.ts';
import { Supply } from '../ksa/supply.ts';
import { command } from '../kx/codec/header.ts';
import { Gate } from '../kx/peer/gate.ts';
import { Peer, type PeerEvents } from '../kx/peer/peer.ts';
import type { Message } from '../kx/session/session.ts';
import { limits } from '../limits.ts';
import { openDataDirectory } from '../node/data-directory.ts';
import { GuardFile } from '../node/guard-file.ts';
import { holdFile } from '../node/hold-file.ts';
import { loadNodeKey } from '../node/node-key.ts';
import { openTlsKeyLog } from '../node/tls-key-log.ts';
import { refuseZeroized } from '../node/zeroized-mark.ts';
import { Allocator } from '../store/allocator.ts';
import { KeyStore } from '../store/key-store.ts';
import { AuditParts } from './audit-parts.ts';
import { Greetings } from './greetings.ts';
import { buildNotification } from './notification-parts.ts';
import type { AgentParts } from './status.ts';
import type { World } from './world.ts';

export type Closing = () => void | Promise<void>;

/**
 * Opens the store and builds everything on it; nothing runs yet. `closings` gets what undoes it, in order.
 * @param configSha256 of the configuration file, for the record
 */
export function buildParts(
  world: World,
  config: Config,
  plainLog: Log,
  closings: Closing[],
  onBroken: (error: AgentError) => void,
  configSha256?: string,
): AgentParts {
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
  auditing.open(config, store, nodeKey, configSha256);
  closings.push(() => auditing.stop());
  const allocator = new Allocator(store);
  const guard = new HopGuard(self, store, allocator, log);
  const neighbours = config.kx.peers.map((peer) => peer.kma_id);
  const linked = config.links.map((link) => link.peer);
  const routes = new Routes(self, neighbours, config.kx.routes, linked, plainKmas(config));
  const peers = new Map<string, Peer>();
  const source = new RelaySource({ self, store, guard, routes, peers, clock, entropy, log, audit });
  const transit = new RelayTransit(guard, routes, peers, clock, entropy, audit);
  const destination = new RelayDestination(self, store, routes, clock, log, audit);
  const relay = new Relay(self, guard, { source, transit, destination }, peers, log);
  closings.push(() => source.stop());
  const supply = config.supply && new Supply(supplySettings(config), store, allocator);
  const noticing = { self, guard, routes, peers, clock, entropy };
  const { notification, push } = buildNotification(config, supply, noticing, log, audit);
  closings.push(() => notification.source.stop());
  const parts: AgentParts = {
    config,
    log,
    auditing,
    store,
    relay,
    routes,
    peers,
    links: new Map(),
    holdings: new Map(),
    modules: new Map(),
    supply,
    notification,
    push,
    transport: world.kx(config.kx, {
      admission: new Gate(clock),
      clock,
      log,
      onKeyLog: keyLog(config, log, closings),
    }),
    doors: { supply: undefined },
    reloads: { last: Promise.resolve() },
    ports: { kx: null, supply: null },
    startedMs: clock.monotonicMs(),
    clock,
    world,
    clockWatch: new ClockWatch(store, clock, log),
  };
  for (const { kma_id, max_keys, max_age_hours, when_full } of config.pools)
    store.pool(kma_id).policy = {
      maxUnits: max_keys,
      ownLifetimeMs: max_age_hours * 3_600_000,
      whenFull: when_full,
    };
  addPeers(parts, log);
  addLinks(parts, log);
  addHoldings(parts, log, onBroken);
  return parts;
}

function addPeers(parts: AgentParts, log: Log): void {
  const { config, store, peers, transport, clock } = parts;
  const hello = { kmaId: config.kma_id, unitBits: limits.unitBytes * 8, storeId: store.storeId };
  const events = peerEvents(parts, log);
  for (const { kma_id, address, protocol, unprotected_key, member_names } of config.kx.peers) {
    const at = address === undefined ? undefined : parseHostPort(address);
    const plain =
      protocol === 'plain' ? { unprotectedKey: unprotected_key, memberNames: member_names } : undefined;
    const options = { kmaId: kma_id, self: hello, address: at, plain, transport, clock, log, events };
    peers.set(kma_id, new Peer(options));
  }
}

function addLinks({ config, store, peers, links, clock, world }: AgentParts, log: Log): void {
  for (const link of config.links) {
    const synchronise = new Synchronise(config.kma_id, peers.get(link.peer)!, store, clock, log);
    const acquire = new Acquire(config.kma_id, link.peer, store, synchronise, clock, log, {
      qberMax: link.qber_max,
      releaseAtAlarmEnd: link.suspect_release === 'alarm_end',
      memory: holdFile(world.disk, join(config.data_directory, `held-${link.peer}.json`)),
    });
    links.set(link.peer, { link, synchronise, acquire });
  }
}

function addHoldings(
  { config, store, peers, holdings }: AgentParts,
  log: Log,
  onBroken: (error: AgentError) => void,
): void {
  const linked = new Set(config.links.map((link) => link.peer));
  const rolledBack = ({ peer, number, seen, burnt }: Contradiction) => {
    const why = `${peer} has seen ${seen} KMA-keys of block ${number} used, of which the store knows ${burnt}`;
    if (config.rollback_guard === undefined) return void store.condemn(why).then(onBroken, onBroken);
    // The guard says that the store is the newest: the peer is mistaken, and costs itself what it shares with us.
    const remedy = 'Look at both nodes: one of them has a store that was put back from a copy, or lies.';
    log.error('kma.peer.contradicts', { peer, reason: why, remedy });
    store.forgetPool(peer).catch(onBroken);
  };
  for (const peer of peers.values()) {
    if (peer.plain !== undefined) continue;
    const exchange = new HoldingsExchange(peer, linked.has(peer.kmaId), store, log, rolledBack);
    holdings.set(peer.kmaId, exchange);
  }
}

function peerEvents({ store, relay, notification, links, holdings }: AgentParts, log: Log): PeerEvents {
  const identity = new StoreIdentity(store, log);
  const greetings = new Greetings();
  const greeted = async (peer: Peer, storeId: string) => {
    try {
      await identity.check(peer.kmaId, storeId);
      holdings.get(peer.kmaId)?.tell();
      links.get(peer.kmaId)?.synchronise.onUp();
      relay.source.onPeerUp(peer);
      return true;
    } catch (thrown) {
      rethrowInvariant(thrown);
      log.error('kx.peer.error', { peer: peer.kmaId, reason: messageOf(thrown) });
      peer.drop('the key store could not take note of the peer');
      return false;
    }
  };
  return {
    onUp(peer, hello) {
      if (hello === undefined) return relay.source.onPeerUp(peer);
      greetings.begin(peer, greeted(peer, hello.storeId));
    },
    onMessage: (peer, message) => greetings.after(peer, message, (kept) => dispatch(peer, kept)),
  };

  function dispatch(peer: Peer, message: Message): void | Promise<void> {
    const code = message.header.command;
    if (code === command.keyRelay || code === command.keyRelayCompletion)
      return relay.onMessage(peer, message);
    if (code === command.keySupply || code === command.keySupplyResponse)
      return notification.onMessage(peer, message);
    const exchange = holdings.get(peer.kmaId);
    if (exchange !== undefined && code === command.holdings) return exchange.onMessage(message);
    const synchronise = links.get(peer.kmaId)?.synchronise;
    if (synchronise !== undefined && (code === command.syncProposal || code === command.syncAnswer))
      return synchronise.onMessage(message);
    log.warn('kx.message.unexpected', { peer: peer.kmaId, command: code });
  }
}

function keyLog({ kx }: Config, log: Log, closings: Closing[]): ((line: Buffer) => void) | undefined {
  if (kx.lab_tls_keylog === undefined) return undefined;
  const file = openTlsKeyLog(kx.lab_tls_keylog, log);
  closings.push(() => file.close());
  return file.write;
}

function supplySettings(config: Config): ConstructorParameters<typeof Supply>[0] {
  const supply = config.supply!;
  return {
    self: config.kma_id,
    applications: new Map(supply.applications.map(({ sae_id, kma_id }) => [sae_id, kma_id ?? config.kma_id])),
    defaultKeyBits: supply.default_key_bits,
    maxKeyBits: supply.max_key_bits,
    maxKeysPerRequest: supply.max_keys_per_request,
    linked: new Set(config.links.map((link) => link.peer)),
    plain: plainReaders(config),
    peers: new Set(config.kx.peers.map((peer) => peer.kma_id)),
  };
}

/** The plain KMAs, and which applications of this node may fetch their keys. */
function plainReaders(config: Config): Map<string, Set<string>> {
  const { applications } = config.supply!;
  const readers = (kmaId: string) => applications.filter((one) => one.plain_kma_ids.includes(kmaId));
  return new Map(
    [...plainKmas(config)].map((kmaId) => [kmaId, new Set(readers(kmaId).map(({ sae_id }) => sae_id))]),
  );
}
