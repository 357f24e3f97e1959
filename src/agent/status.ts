import type { OpenModule } from '../../drivers/driver.ts';
import { plainKmas } from '../config/plain-kmas.ts';
import { relayPools } from '../config/relay-pools.ts';
import type { Config, LinkConfig } from '../config/schema.ts';
import { warnings } from '../config/summary.ts';
import type { Clock } from '../env/clock.ts';
import type { Log } from '../env/log.ts';
import type { Acquire } from '../kma/acquire.ts';
import type { ClockWatch } from '../kma/clock-watch.ts';
import type { HoldingsExchange } from '../kma/holdings.ts';
import type { Relay } from '../kma/relay.ts';
import type { Routes } from '../kma/routes.ts';
import type { SupplyNotification } from '../kma/supply-notification.ts';
import type { Synchronise } from '../kma/synchronise.ts';
import type { KeyDelivery } from '../ksa/gs-qkd-014/server.ts';
import type { Supply } from '../ksa/supply.ts';
import type { Peer } from '../kx/peer/peer.ts';
import type {
  LinkStatus,
  NotificationStatus,
  PeerStatus,
  PoolStatus,
  RelayStatus,
  Status,
  SupplyState,
} from '../observe/status.ts';
import type { KeyStore } from '../store/key-store.ts';
import { version } from '../version.ts';
import type { AuditParts } from './audit-parts.ts';
import { memoryStatus, memoryWarnings } from './memory-guard.ts';
import type { PushParts } from './notification-parts.ts';
import type { Origin } from './origin.ts';
import type { PoolKeeping } from './pool-keeping.ts';
import type { KeySettings } from './settings.ts';
import type { AgentTransport, World } from './world.ts';

/** A link: its configuration, and what takes and synchronises its blocks. */
export type LinkParts = {
  readonly link: LinkConfig;
  readonly synchronise: Synchronise;
  readonly acquire: Acquire;
};

/** The parts of a running agent. */
export type AgentParts = {
  /** By which the agent runs now. */
  config: Config;
  readonly origin: Origin;
  /** Some of it goes on record as well. */
  readonly log: Log;
  readonly auditing: AuditParts;
  readonly store: KeyStore;
  readonly relay: Relay;
  readonly routes: Routes;
  readonly peers: Map<string, Peer>;
  readonly links: Map<string, LinkParts>;
  /** By peer; plain peers have none. */
  readonly holdings: Map<string, HoldingsExchange>;
  /** Modules that are open or being opened, by the link's peer. */
  readonly modules: Map<string, OpenModule>;
  readonly pools: PoolKeeping;
  /** Undefined at a node without applications, like the next. */
  readonly settings: KeySettings | undefined;
  readonly supply: Supply | undefined;
  readonly notification: SupplyNotification;
  /** Undefined at a node without applications. */
  readonly push: PushParts | undefined;
  readonly transport: AgentTransport;
  /** What is open to applications. */
  readonly doors: { supply: KeyDelivery | undefined };
  /** The last of what happens in turn; and whether no more may. */
  readonly reloads: { last: Promise<unknown>; stopped: boolean };
  readonly ports: { kx: number | null; supply: number | null };
  readonly clock: Clock;
  readonly world: World;
  readonly clockWatch: ClockWatch;
  readonly startedMs: number;
};

/** The agent's state in words and numbers, for people and controllers. */
export function describe(parts: AgentParts): Status {
  const { config, supply, store, clock } = parts;
  const { failure } = store.commit;
  return {
    kma_id: config.kma_id,
    version,
    pid: process.pid,
    uptime_seconds: Math.round((clock.monotonicMs() - parts.startedMs) / 100) / 10,
    kx_port: parts.ports.kx,
    supply_port: parts.ports.supply,
    kx_certificate_expires: parts.transport.credentials.expires.toISOString(),
    kx_crl_next_update: parts.transport.credentials.crlNextUpdate?.toISOString() ?? null,
    peers: [...parts.peers.values()].map(describePeer),
    links: [...parts.links.values()].map(describeLink),
    pools: describePools(parts),
    relay: describeRelay(parts.relay),
    notifications: describeNotifications(parts.notification),
    supply:
      supply === undefined ? null : { ...supply.stats, ...describeDoor(parts), ...describePush(parts.push) },
    store: { commits: store.commit.commits, write_failed: failure?.message ?? null },
    audit: parts.auditing.status,
    memory: memoryStatus(),
    warnings: [
      ...warnings(config),
      ...memoryWarnings(),
      ...(failure === undefined ? [] : [`${failure.message}. ${failure.remedy}`]),
      ...(parts.clockWatch.warning === undefined ? [] : [parts.clockWatch.warning]),
    ],
  };
}

function describePeer(peer: Peer): PeerStatus {
  return {
    kma_id: peer.kmaId,
    state: peer.up ? 'up' : 'down',
    address: peer.identity?.remoteAddress ?? null,
    transport: peer.identity?.cipher ?? null,
    protection: peer.up ? protectionOf(peer) : null,
    connects: peer.connects,
    messages_in: peer.traffic.messagesIn,
    messages_out: peer.traffic.messagesOut,
    last_down: peer.lastDown ?? null,
  };
}

function protectionOf({ plain }: Peer): NonNullable<PeerStatus['protection']> {
  if (plain === undefined) return 'one-time pad';
  return plain.unprotectedKey ? 'TLS only, key included' : 'TLS only, no key';
}

/** By what people call a link. */
export function linkIdentity({ link, acquire }: LinkParts): Pick<LinkStatus, 'peer' | 'link_id' | 'module'> {
  return { peer: link.peer, link_id: link.link_id ?? null, module: acquire.info ?? null };
}

function describeLink(parts: LinkParts): LinkStatus {
  const { link, acquire, synchronise } = parts;
  return {
    ...linkIdentity(parts),
    driver: link.driver,
    state: acquire.info === undefined ? 'lost' : 'open',
    proved: link.module_key !== undefined,
    qber: acquire.telemetry.qber ?? null,
    skr: acquire.telemetry.skr ?? null,
    telemetry: acquire.telemetry,
    held: acquire.held,
    alarms: [...acquire.alarms.values()],
    last_lost: acquire.lastLost ?? null,
    blocks_stored: acquire.stats.blocks,
    bytes_stored: acquire.stats.bytes,
    remainder_bytes: acquire.stats.remainderBytes,
    blocks_again: acquire.stats.again,
    blocks_refused: acquire.stats.refused,
    refusals: { ...acquire.refusals },
    blocks_surplus: acquire.stats.surplus,
    blocks_synchronised: synchronise.stats.ready,
    blocks_quarantined: synchronise.stats.quarantined,
  };
}

function describePools({ config, store }: AgentParts): PoolStatus[] {
  const relayed = relayPools(config);
  const remotes = new Set([...config.links.map((link) => link.peer), ...relayed.keys()]);
  for (const { destination } of config.kx.routes) remotes.add(destination);
  for (const remote of plainKmas(config)) remotes.add(remote);
  return [...remotes].map((remote) => {
    const pool = store.pool(remote);
    return {
      kma_id: remote,
      kind: config.links.some((link) => link.peer === remote) ? 'link' : 'relay',
      own_keys: pool.ownLeft,
      own_blocks: pool.own.size,
      their_blocks: pool.theirs.size,
      held_keys: pool.heldUnits,
      foreign_keys: store.foreign.count(remote),
      low_water_keys: relayed.get(remote)?.low ?? null,
      high_water_keys: relayed.get(remote)?.high ?? null,
    };
  });
}

function describeRelay({ source, transit, destination }: Relay): RelayStatus {
  const { requests, succeeded, failed, keys, lastMs, lastFailure } = source.stats;
  return {
    source: {
      requests,
      succeeded,
      failed,
      keys,
      in_flight: source.inFlight,
      last_milliseconds: Math.round(lastMs * 100) / 100,
      last_failure: lastFailure === '' ? null : lastFailure,
    },
    transit: { ...transit.stats, in_flight: transit.inFlight },
    destination: { ...destination.stats },
  };
}

function describeNotifications({ source, stats }: SupplyNotification): NotificationStatus {
  const { sent, succeeded, failed, lastFailure } = source.stats;
  return {
    sent,
    succeeded,
    failed,
    in_flight: source.inFlight,
    last_failure: lastFailure === '' ? null : lastFailure,
    ...stats,
  };
}

function describeDoor({
  doors: { supply },
}: AgentParts): Pick<SupplyState, 'refused' | 'refusals' | 'answers' | 'certificate_expires'> {
  const refusals = supply?.refusals() ?? {};
  const refused = Object.values(refusals).reduce((sum, count) => sum + count, 0);
  const answers = Object.fromEntries(
    Object.entries(supply?.answers() ?? {}).map(([what, { count, ms }]) => [
      what,
      { count, milliseconds: Math.round(ms * 100) / 100 },
    ]),
  );
  return { refused, refusals, answers, certificate_expires: supply?.expires().toISOString() ?? null };
}

function describePush(push: PushParts | undefined): Pick<SupplyState, 'pushed' | 'lost' | 'streams'> {
  const { pushed = 0, lost = 0 } = push?.proactive.stats ?? {};
  return { pushed, lost, streams: push?.streams.size ?? 0 };
}
