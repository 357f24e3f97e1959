import type { ModuleOrder } from '../../drivers/driver.ts';
import { parseHostPort } from '../config/address.ts';
import { pathText } from '../config/faults.ts';
import type { Log } from '../env/log.ts';
import { AgentError, type InvariantError } from '../errors.ts';
import { Retention } from '../kma/retention.ts';
import { Gate, supplyGate } from '../kx/peer/gate.ts';
import { limits } from '../limits.ts';
import { TamperSwitch } from '../node/tamper-switch.ts';
import { readZeroized } from '../node/zeroized-mark.ts';
import { createMetrics } from '../observe/metrics.ts';
import { auditedControl } from './audited-control.ts';
import { type DestroyRequest, destroyKeys, listKeys } from './keys.ts';
import type { WholeAgent } from './neighbours.ts';
import { orderModule, type SuspectOrder } from './orders.ts';
import { KeyOrders } from './orders-for-key.ts';
import type { Closing } from './parts.ts';
import { closed } from './reconfigure.ts';
import { inTurn, reload } from './reload.ts';
import { type AgentParts, describe } from './status.ts';

/** Starts what listens, dials and reads, the door for applications last. `closings` gets what undoes it, in order. */
export async function openDoors(
  parts: WholeAgent,
  log: Log,
  closings: Closing[],
  onBroken: (error: InvariantError) => void,
  onZeroized: () => void,
): Promise<void> {
  const orders = new KeyOrders(parts, log, onZeroized);
  const { reloads } = parts;
  // Reloads wait until all is open.
  let allOpen = () => {};
  reloads.last = new Promise<void>((resolve) => {
    allOpen = resolve;
  });
  watchTamper(parts, orders, log, closings);
  watchMark(parts, orders, closings);
  judgeTlsFiles(parts, log);
  await openControl(parts, orders, log, closings);
  await openKx(parts, log, closings);
  openModules(parts, closings);
  closings.push(() => parts.pools.stop());
  parts.pools.fill(parts.config);
  closings.push(() => parts.clockWatch.stop());
  parts.clockWatch.start();
  const retention = new Retention(
    parts.store,
    parts.clock,
    log,
    () => parts.clockWatch.doubtful,
    (remote) => parts.holdings.get(remote)?.tell(),
  );
  closings.push(() => retention.stop());
  retention.start();
  await openSupply(parts, log, closings, onBroken);
  allOpen();
  // First of all: what a reload begins would outlive the stop.
  closings.push(async () => {
    reloads.stopped = true;
    await reloads.last;
    // Its modules are being told to wipe what they hold: closed now they would not hear of it.
    await orders.zeroized();
  });
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

// A zeroization by the files of the node may not have reached this agent: the key that it has in memory goes as well.
function watchMark({ config, clock, world }: AgentParts, orders: KeyOrders, closings: Closing[]): void {
  const mark = (): string | undefined => {
    try {
      return readZeroized(world.disk, config.data_directory);
    } catch {
      // What is wrong with the disk is said by who needs it.
      return undefined;
    }
  };
  const look = (): void => {
    const said = mark();
    if (said !== undefined) return void orders.zeroize(`the data directory is marked: ${said}`);
    cancel = clock.after(limits.zeroizedPollMs, look);
  };
  let cancel = clock.after(limits.zeroizedPollMs, look);
  closings.push(() => cancel());
}

// A node whose certificate has run out still supplies what it has, and is reloaded when there is another one. But no application may pass for a key manager.
function judgeTlsFiles({ config, clock, world }: AgentParts, log: Log): void {
  for (const { code, at, message: reason, remedy } of world.tlsFiles.faults(
    config,
    new Date(clock.wallMs()),
  )) {
    if (code === 'configuration.same_ca')
      throw new AgentError(code, `${pathText(at)} ${reason}`, { fault: 'configuration', remedy });
    log.warn('agent.tls_file_fault', { code, at: pathText(at), reason, remedy });
  }
}

async function openControl(
  parts: WholeAgent,
  orders: KeyOrders,
  log: Log,
  closings: Closing[],
): Promise<void> {
  const status = () => describe(parts);
  const controlled = {
    status,
    metrics: createMetrics(status),
    relay: (destination: string, keys: number) => parts.relay.source.relay(destination, keys),
    reload: () => reload(parts, log),
    audit: () => parts.auditing.head(),
    order: (name: string, order: ModuleOrder | SuspectOrder) => orderModule(parts, name, order),
    keys: (pool?: string) => listKeys(parts, pool),
    destroyKeys: (request: DestroyRequest) => destroyKeys(parts, request),
    rotate: (file: string) => inTurn(parts, () => orders.rotate(file)),
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
  closings.push(() => {
    for (const peer of peers.values()) peer.stop();
  });
  for (const peer of peers.values()) peer.start();
}

function openModules(parts: WholeAgent, closings: Closing[]): void {
  const { links, neighbours } = parts;
  closings.push(async () => {
    await Promise.all([...links.keys()].map((kmaId) => closed(parts, kmaId, limits.linkStopMs)));
  });
  for (const kmaId of links.keys()) neighbours.openLink(kmaId);
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
    admission: new Gate(supplyGate, clock),
    onInvariantBroken: onBroken,
    onAnswered: (answered) => auditing.onAnswered(answered),
  });
  ports.supply = delivery.port;
  doors.supply = delivery;
  closings.push(() => delivery.close());
}
