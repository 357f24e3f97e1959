import type { ModuleOrder } from '../../drivers/driver.ts';
import { parseHostPort } from '../config/address.ts';
import { relayPools } from '../config/relay-pools.ts';
import type { Log } from '../env/log.ts';
import { AgentError, type InvariantError } from '../errors.ts';
import { Refill } from '../kma/refill.ts';
import { Retention } from '../kma/retention.ts';
import { readKeyFile } from '../node/key-file.ts';
import { TamperSwitch } from '../node/tamper-switch.ts';
import { createMetrics } from '../observe/metrics.ts';
import { auditedControl } from './audited-control.ts';
import { type DestroyRequest, destroyKeys, listKeys } from './keys.ts';
import { orderModule } from './orders.ts';
import { KeyOrders } from './orders-for-key.ts';
import type { Closing } from './parts.ts';
import { reloadTls } from './reload.ts';
import { type AgentParts, describe } from './status.ts';

/** Starts what listens, dials and reads, the door for applications last. `closings` gets what undoes it, in order. */
export async function openDoors(
  parts: AgentParts,
  log: Log,
  closings: Closing[],
  onBroken: (error: InvariantError) => void,
  onZeroized: () => void,
): Promise<void> {
  const orders = new KeyOrders(parts, log, onZeroized);
  watchTamper(parts, orders, log, closings);
  await openControl(parts, orders, log, closings);
  await openKx(parts, log, closings);
  openModules(parts, log, closings);
  startRefills(parts, closings);
  closings.push(() => parts.clockWatch.stop());
  parts.clockWatch.start();
  const retention = new Retention(parts.store, parts.clock, log, () => parts.clockWatch.doubtful);
  closings.push(() => retention.stop());
  retention.start();
  await openSupply(parts, log, closings, onBroken);
}

function watchTamper(
  { config, clock, world }: AgentParts,
  orders: KeyOrders,
  log: Log,
  closings: Closing[],
): void {
  if (config.tamper === undefined) return;
  const watch = new TamperSwitch(
    world.disk,
    config.tamper,
    clock,
    log,
    () => void orders.zeroize('the tamper switch says so'),
  );
  closings.push(() => watch.stop());
  watch.start();
}

async function openControl(
  parts: AgentParts,
  orders: KeyOrders,
  log: Log,
  closings: Closing[],
): Promise<void> {
  const status = () => describe(parts);
  const controlled = {
    status,
    metrics: createMetrics(status),
    relay: (destination: string, keys: number) => parts.relay.source.relay(destination, keys),
    reload: () => reloadTls(parts, log),
    audit: () => parts.auditing.head(),
    order: (name: string, order: ModuleOrder | 'release') => orderModule(parts, name, order),
    keys: (pool?: string) => listKeys(parts, pool),
    destroyKeys: (request: DestroyRequest) => destroyKeys(parts, request),
    rotate: (file: string) => orders.rotate(file),
    zeroize: (why: string) => orders.zeroize(why),
  };
  const recorded = auditedControl(controlled, parts.auditing.audit);
  closings.push(await parts.world.openControl(parts.config.control.socket, recorded, log));
}

async function openKx(
  { config, peers, transport, ports }: AgentParts,
  log: Log,
  closings: Closing[],
): Promise<void> {
  const reason = await transport.credentials.tryOut();
  const remedy = 'Run "keyferry check" on the configuration, correct the files, then: keyferry reload.';
  if (reason !== undefined) log.error('kx.certificate.unusable', { reason, remedy });
  if (config.kx.listen !== undefined) {
    const { host, port } = parseHostPort(config.kx.listen)!;
    const server = await transport.listen(host, port, (identity, link) => {
      const peer = peers.get(identity.kmaId);
      if (peer !== undefined) return peer.adopt(identity, link, false);
      log.warn('kx.peer.unknown', { peer: identity.kmaId, address: identity.remoteAddress });
      return { refuse: 'no such peer is configured' };
    });
    ports.kx = server.port;
    closings.push(() => server.close());
  }
  for (const peer of peers.values()) {
    closings.push(() => peer.stop());
    peer.start();
  }
}

function openModules({ links, modules, clock, world }: AgentParts, log: Log, closings: Closing[]): void {
  for (const { link, acquire, synchronise } of links.values()) {
    closings.push(() => synchronise.stop());
    const driver = world.driver(link.driver);
    if (driver === undefined) {
      throw new AgentError('configuration.unknown_driver', `there is no driver ${link.driver}`, {
        fault: 'configuration',
        remedy: 'Use a driver that `keyferry check` knows.',
      });
    }
    const { port, baud_rate: baudRate, link_id: expectedLinkId, module_key } = link;
    using moduleKey =
      module_key === undefined ? undefined : readKeyFile(world.disk, module_key, 'module_key');
    const channel = moduleKey && { moduleKey, entropy: world.entropy };
    const context = { clock, log: log.with({ link: link.peer }), port, baudRate, expectedLinkId, channel };
    const open = driver.open(context, acquire);
    modules.set(link.peer, open);
    closings.push(async () => {
      acquire.stop();
      await open.close();
    });
  }
}

function startRefills({ config, store, relay, routes, clock }: AgentParts, closings: Closing[]): void {
  for (const [remote, marks] of relayPools(config)) {
    const refill = new Refill(remote, marks, { store, routes, source: relay.source, clock });
    closings.push(() => refill.stop());
    refill.start();
  }
}

async function openSupply(
  { config, push, ports, doors, clock, auditing, world }: AgentParts,
  log: Log,
  closings: Closing[],
  onBroken: (error: InvariantError) => void,
): Promise<void> {
  if (config.supply === undefined || push === undefined) return;
  const delivery = await world.openSupply(config.supply, {
    listen: parseHostPort(config.supply.listen)!,
    supply: push.announcing,
    streams: push.streams,
    log,
    clock,
    onInvariantBroken: onBroken,
    onAnswered: (answered) => auditing.onAnswered(answered),
  });
  ports.supply = delivery.port;
  doors.supply = delivery;
  closings.push(() => delivery.close());
}
