import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { peerEvents } from '../../src/agent/peer-events.ts';
import type { LinkParts } from '../../src/agent/status.ts';
import type { LinkConfig } from '../../src/config/schema.ts';
import { type AuditEvent, noAudit } from '../../src/env/audit.ts';
import { Acquire } from '../../src/kma/acquire.ts';
import { type Contradiction, HoldingsExchange } from '../../src/kma/holdings.ts';
import { HopGuard } from '../../src/kma/hop-guard.ts';
import { NoticeSource } from '../../src/kma/notice-source.ts';
import { Relay } from '../../src/kma/relay.ts';
import { RelayDestination } from '../../src/kma/relay-destination.ts';
import { RelaySource } from '../../src/kma/relay-source.ts';
import { RelayTransit } from '../../src/kma/relay-transit.ts';
import { type Route, Routes } from '../../src/kma/routes.ts';
import {
  type SupplyKeys,
  SupplyNotification,
  type SupplyNotificationParts,
} from '../../src/kma/supply-notification.ts';
import { Synchronise } from '../../src/kma/synchronise.ts';
import { Peer, type PlainPeer } from '../../src/kx/peer/peer.ts';
import { limits } from '../../src/limits.ts';
import { systemEntropy as entropy } from '../../src/node/entropy.ts';
import { SecretBytes } from '../../src/secret/secret-bytes.ts';
import { Allocator } from '../../src/store/allocator.ts';
import type { KeyStore } from '../../src/store/key-store.ts';
import { MemoryNet } from '../kx/memory-net.ts';
import { ManualClock, until } from '../manual-clock.ts';
import { closeStore, directoryFor, keyOf, Lines, openStore } from '../store/temp-store.ts';

export type NodeSettings = {
  readonly neighbours: readonly string[];
  /** Neighbours with a QKD link. */
  readonly linked: readonly string[];
  readonly routes?: readonly Route[];
  /** Neighbours that speak plain Q.4163. */
  readonly plain?: Readonly<Record<string, PlainPeer>>;
  /** Others that do, behind keyferry nodes. */
  readonly farPlain?: readonly string[];
};

/** Nodes of real parts over real stores; only the lines between them, the modules and the clock are the test's. */
export class World {
  readonly #t: TestContext;
  readonly #root: string;
  readonly clock: ManualClock;
  readonly net = new MemoryNet();
  #stores = 0;

  constructor(t: TestContext, clock = new ManualClock().run(t)) {
    this.#t = t;
    this.#root = directoryFor(t);
    this.clock = clock;
  }

  /** @param directory of a store that was made before; without it the node starts with an empty one */
  node(id: string, settings: NodeSettings, directory?: string): TestNode {
    if (directory === undefined) {
      this.#stores += 1;
      directory = join(this.#root, `${id}-${this.#stores}`);
      mkdirSync(directory);
    }
    const node = new TestNode(this.#t, this, id, settings, directory);
    this.#t.after(() => node.stop());
    return node;
  }

  /** A module pair delivers one block of a link, to both ends or to the ends that are named. */
  deliver(
    ends: readonly (readonly [TestNode, string])[],
    number: number,
    units: number,
    bytes?: Buffer,
  ): void {
    for (const [node, remote] of ends) {
      const block = { number, bytes: bytes === undefined ? keyOf(number, units) : SecretBytes.copyOf(bytes) };
      node.acquires.get(remote)!.onBlock(block, { stored: () => {}, refused: () => {} });
    }
  }

  /** Fills the link between two nodes and waits until it is ready. */
  async fillLink(a: TestNode, b: TestNode, blocks: number, units = 256): Promise<void> {
    const from = Math.max(a.nextBlock, b.nextBlock);
    for (let i = 0; i < blocks; i++)
      this.deliver(
        [
          [a, b.id],
          [b, a.id],
        ],
        from + i,
        units,
      );
    a.nextBlock = from + blocks;
    b.nextBlock = from + blocks;
    const ready = (node: TestNode, remote: string) => {
      const { own, theirs } = node.store.pool(remote);
      const isReady = (number: number) => (own.get(number) ?? theirs.get(number))?.state === 'ready';
      return Array.from({ length: blocks }, (_, i) => from + i).every(isReady);
    };
    await until('the link is filled', () => ready(a, b.id) && ready(b, a.id));
  }
}

const MODULE: Omit<LinkConfig, 'peer'> = {
  driver: 'none',
  port: { path: '/dev/null' },
  baud_rate: 115_200,
  unauthenticated_module: true,
  suspect_release: 'operator',
  suspect_blocks: 'hold',
};

/** What src/agent/parts.ts builds, without configuration, TLS and drivers. */
export class TestNode {
  readonly id: string;
  readonly directory: string;
  readonly log = new Lines();
  /** What its relays put on record as their source. */
  readonly audited: AuditEvent[] = [];
  readonly store: KeyStore;
  readonly allocator: Allocator;
  readonly guard: HopGuard;
  readonly routes: Routes;
  readonly relay: Relay;
  readonly peers = new Map<string, Peer>();
  readonly synchronises = new Map<string, Synchronise>();
  readonly acquires = new Map<string, Acquire>();
  readonly clock: ManualClock;
  nextBlock = 0;
  /** `Applications` supply keys in them. */
  readonly notices: SupplyNotificationParts & { supplyKeys: SupplyKeys | undefined };
  readonly notification: SupplyNotification;
  #stopped = false;

  constructor(t: TestContext, { clock, net }: World, id: string, settings: NodeSettings, directory: string) {
    const { log } = this;
    this.id = id;
    this.clock = clock;
    this.directory = directory;
    this.store = openStore(t, directory, { kmaId: id, clock, log });
    const { store } = this;
    this.allocator = new Allocator(store);
    this.guard = new HopGuard(id, store, this.allocator, log);
    const plainKmas = [...Object.keys(settings.plain ?? {}), ...(settings.farPlain ?? [])];
    this.routes = new Routes(id).use(settings.neighbours, settings.routes ?? [], settings.linked, plainKmas);
    const { guard, routes, peers } = this;
    const audit = { ...noAudit, record: (event: AuditEvent) => void this.audited.push(event) };
    this.relay = new Relay(
      id,
      guard,
      {
        source: new RelaySource({ self: id, store, guard, routes, peers, clock, entropy, log, audit }),
        transit: new RelayTransit(guard, routes, peers, clock, entropy),
        destination: new RelayDestination(id, store, routes, clock, log),
      },
      peers,
      log,
    );
    const notices = { self: id, guard, routes, peers, clock, entropy };
    this.notices = { ...notices, log, source: new NoticeSource(notices), supplyKeys: undefined };
    this.notification = new SupplyNotification(this.notices);
    const self = { kmaId: id, unitBits: limits.unitBytes * 8, storeId: store.storeId };
    const transport = net.transport(id);
    const { relay, notification } = this;
    const links = new Map<string, LinkParts>();
    const holdings = new Map<string, HoldingsExchange>();
    const events = peerEvents({ store, relay, notification, links, holdings }, log);
    for (const kmaId of settings.neighbours) {
      const address = id < kmaId ? { host: kmaId, port: 1 } : undefined;
      const plain = settings.plain?.[kmaId];
      peers.set(kmaId, new Peer({ kmaId, self, address, plain, transport, clock, log, events }));
    }
    for (const remote of settings.linked) {
      const synchronise = new Synchronise(id, peers.get(remote)!, store, clock, log);
      const acquire = new Acquire(id, remote, store, synchronise, clock, log, { releaseAtAlarmEnd: false });
      this.synchronises.set(remote, synchronise);
      this.acquires.set(remote, acquire);
      links.set(remote, { link: { ...MODULE, peer: remote }, synchronise, acquire });
    }
    // Here nothing puts a store back from a copy.
    const contradicted = ({ number }: Contradiction) => assert.fail(`block ${number} was used before`);
    for (const [remote, peer] of peers)
      if (peer.plain === undefined)
        holdings.set(remote, new HoldingsExchange(peer, links.has(remote), store, clock, log, contradicted));
    transport.listen(id, 1, (identity, link) => {
      const peer = peers.get(identity.kmaId);
      return peer?.adopt(identity, link, false) ?? { refuse: 'no peer of ours' };
    });
  }

  start(): void {
    for (const peer of this.peers.values()) peer.start();
  }

  async up(...remotes: string[]): Promise<void> {
    const all = remotes.length > 0 ? remotes : [...this.peers.keys()];
    await until(`${this.id} is connected`, () => all.every((remote) => this.peers.get(remote)?.up));
  }

  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    for (const acquire of this.acquires.values()) acquire.stop();
    for (const synchronise of this.synchronises.values()) synchronise.stop();
    this.relay.source.stop();
    this.notification.source.stop();
    for (const peer of this.peers.values()) peer.stop();
    await closeStore(this.store);
  }
}

/** Two nodes with one QKD link, connected. */
export async function linkedPair(t: TestContext, clock?: ManualClock) {
  const world = new World(t, clock);
  const a = world.node('A', { neighbours: ['B'], linked: ['B'] });
  const b = world.node('B', { neighbours: ['A'], linked: ['A'] });
  a.start();
  b.start();
  await a.up();
  await b.up();
  return { world, a, b };
}

/** A, B and C in a row, with links A–B and B–C, connected and the links filled. */
export async function row(t: TestContext, blocks = 4, units = 256) {
  const world = new World(t);
  const ends = { neighbours: ['B'], linked: ['B'] };
  const a = world.node('A', { ...ends, routes: [{ destination: 'C', via: ['B'] }] });
  const b = world.node('B', { neighbours: ['A', 'C'], linked: ['A', 'C'] });
  const c = world.node('C', { ...ends, routes: [{ destination: 'A', via: ['B'] }] });
  const nodes = [a, b, c];
  for (const node of nodes) node.start();
  for (const node of nodes) await node.up();
  if (blocks > 0) {
    await world.fillLink(a, b, blocks, units);
    await world.fillLink(b, c, blocks, units);
  }
  return { world, a, b, c };
}
