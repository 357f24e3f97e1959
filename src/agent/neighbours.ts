import { join } from 'node:path';
import type { Driver } from '../../drivers/driver.ts';
import { parseHostPort } from '../config/address.ts';
import type { LinkConfig, PeerConfig } from '../config/schema.ts';
import type { Hold, HoldMemory } from '../env/hold-memory.ts';
import type { Log } from '../env/log.ts';
import { AgentError, messageOf, rethrowInvariant } from '../errors.ts';
import { Acquire } from '../kma/acquire.ts';
import { type Contradiction, HoldingsExchange } from '../kma/holdings.ts';
import { StoreIdentity } from '../kma/store-identity.ts';
import { Synchronise } from '../kma/synchronise.ts';
import { Peer, type PeerEvents } from '../kx/peer/peer.ts';
import { limits } from '../limits.ts';
import { holdFile } from '../node/hold-file.ts';
import { readKeyFile } from '../node/key-file.ts';
import { ALWAYS, sinceWall } from '../store/since.ts';
import { peerEvents } from './peer-events.ts';
import type { AgentParts } from './status.ts';
import { troubleLog } from './trouble-log.ts';

/**
 * Who is next to this node: the Kx peers, and the QKD links to them with their modules. Each is made, opened and closed by itself, so that a
 * reload need not touch those that stay as they are. What there is lies in the maps of the agent's parts.
 */
export class Neighbours {
  readonly #parts: AgentParts;
  readonly #log: Log;
  readonly #onBroken: (error: AgentError) => void;
  readonly #events: PeerEvents;
  readonly #identity: StoreIdentity;
  /** Those that were taken away, too: what is under way with them goes on when they are back. */
  readonly #known = new Map<string, Peer>();
  readonly #holds = new Map<string, Hold>();

  /** @param onBroken a neighbour has convicted the store */
  constructor(parts: AgentParts, log: Log, onBroken: (error: AgentError) => void) {
    this.#parts = parts;
    this.#log = log;
    this.#onBroken = onBroken;
    this.#events = peerEvents(parts, log);
    this.#identity = new StoreIdentity(parts.store, log);
  }

  /** Nothing runs before `peer.start()`. */
  addPeer({ kma_id, address, protocol, unprotected_key, member_names }: PeerConfig): void {
    const { config, store, peers, transport, clock } = this.#parts;
    const self = { kmaId: config.kma_id, unitBits: limits.unitBytes * 8, storeId: store.storeId };
    const at = address === undefined ? undefined : parseHostPort(address);
    const plain =
      protocol === 'plain' ? { unprotectedKey: unprotected_key, memberNames: member_names } : undefined;
    const profile = { address: at, plain };
    const around = { transport, clock, log: this.#log, events: this.#events };
    const peer = this.#known.get(kma_id) ?? new Peer({ kmaId: kma_id, self, ...profile, ...around });
    if (this.#known.has(kma_id)) peer.change(profile);
    this.#known.set(kma_id, peer);
    peers.set(kma_id, peer);
    // A plain KM knows nothing of the key that was shared with it as long as it was none.
    if (plain !== undefined) this.#untilDone(kma_id, () => this.#identity.check(kma_id, ''));
  }

  /** What takes the key of a link; its module is not opened yet. The peer is there. */
  addLink(link: LinkConfig): void {
    const { config, store, peers, links, holdings, clock } = this.#parts;
    const self = config.kma_id;
    const synchronise = new Synchronise(self, peers.get(link.peer)!, store, clock, this.#log);
    const acquire = new Acquire(self, link.peer, store, synchronise, clock, this.#log, {
      qberMax: link.qber_max,
      releaseAtAlarmEnd: link.suspect_release === 'alarm_end',
      destroysSuspect: link.suspect_blocks === 'destroy',
      onDestroyed: () => holdings.get(link.peer)?.tell(),
      memory: this.#holdOf(link.peer),
    });
    links.set(link.peer, { link, synchronise, acquire });
  }

  /** When its peer and its link, if it has one, are there. */
  addHoldings(kmaId: string): void {
    const { peers, links, holdings, store } = this.#parts;
    const peer = peers.get(kmaId);
    holdings.delete(kmaId);
    if (peer === undefined || peer.plain !== undefined) return;
    const isLinked = links.has(kmaId);
    if (!isLinked) this.#holdBack(kmaId);
    const exchange = new HoldingsExchange(
      peer,
      isLinked,
      store,
      this.#parts.clock,
      this.#log,
      this.#rolledBack,
    );
    holdings.set(kmaId, exchange);
  }

  // Suspect key of a link that is not configured any more stays out of use, until the link comes back and somebody decides.
  #holdBack(kmaId: string): void {
    const pool = this.#parts.store.pool(kmaId);
    try {
      const hold = this.#holdOf(kmaId).load();
      if (hold !== undefined) pool.holdBack(sinceWall(hold.sinceMs, this.#parts.clock, hold.row));
    } catch (thrown) {
      pool.holdBack(ALWAYS);
      this.#log.error('kma.hold.unreadable', { peer: kmaId, reason: messageOf(thrown) });
    }
  }

  /** @throws AgentError `configuration.…`: such a link cannot be opened */
  checkLink({ peer, driver, module_key }: LinkConfig): void {
    const { world } = this.#parts;
    this.#driverOf(driver);
    if (module_key !== undefined) readKeyFile(world.disk, module_key, 'module_key').wipe();
    this.#holdOf(peer).load();
  }

  /** Opens the module of a link. @throws AgentError `configuration.…` */
  openLink(kmaId: string): void {
    const { links, modules, clock, world } = this.#parts;
    const { link, acquire } = links.get(kmaId)!;
    const driver = this.#driverOf(link.driver);
    const { port, baud_rate: baudRate, link_id: expectedLinkId, module_key } = link;
    using moduleKey =
      module_key === undefined ? undefined : readKeyFile(world.disk, module_key, 'module_key');
    const channel = moduleKey && { moduleKey, entropy: world.entropy };
    const log = troubleLog(this.#log.with({ link: link.peer }), (reason) => acquire.onTrouble(reason));
    modules.set(kmaId, driver.open({ clock, log, port, baudRate, expectedLinkId, channel }, acquire));
  }

  /** Resolves when the module is closed, and no key of the link is under way any more. The peer stays. */
  async closeLink(kmaId: string): Promise<void> {
    const { links, modules } = this.#parts;
    const [link, module] = [links.get(kmaId), modules.get(kmaId)];
    link?.acquire.stop();
    link?.synchronise.stop();
    await module?.close();
    await link?.acquire.idle();
    // Until now the module could be told to wipe its key, and what the peer says of the link was no surprise. When it took too long there are others.
    if (modules.get(kmaId) === module) modules.delete(kmaId);
    if (links.get(kmaId) === link) links.delete(kmaId);
  }

  #driverOf(id: string): Driver {
    const driver = this.#parts.world.driver(id);
    if (driver !== undefined) return driver;
    throw new AgentError('configuration.unknown_driver', `there is no driver ${id}`, {
      fault: 'configuration',
      remedy: 'Use a driver that `keyferry check` knows.',
    });
  }

  #holdOf(peer: string): HoldMemory {
    const { config, world } = this.#parts;
    const file = holdFile(world.disk, join(config.data_directory, `held-${peer}.json`));
    return {
      // What the disk did not take is still held when the link is opened anew.
      load: () => this.#holds.get(peer) ?? file.load(),
      save: (hold) => {
        if (hold !== undefined) this.#holds.set(peer, hold);
        file.save(hold);
        if (hold === undefined) this.#holds.delete(peer);
      },
    };
  }

  removePeer(kmaId: string, reason: string): void {
    const { peers, holdings } = this.#parts;
    peers.get(kmaId)?.stop(reason);
    peers.delete(kmaId);
    holdings.delete(kmaId);
  }

  readonly #rolledBack = ({ peer, number, seen, burnt }: Contradiction): void => {
    const { config, store } = this.#parts;
    const why = `${peer} has seen ${seen} KMA-keys of block ${number} used, of which the store knows ${burnt}`;
    if (config.rollback_guard === undefined)
      return void store.condemn(why).then(this.#onBroken, this.#onBroken);
    // The guard says that the store is the newest: the peer is mistaken, and costs itself what it shares with us.
    const remedy = 'Look at both nodes: one of them has a store that was put back from a copy, or lies.';
    this.#log.error('kma.peer.contradicts', { peer, reason: why, remedy });
    this.#giveUp(peer);
  };

  // In memory at once; on the disk as soon as that takes it, or a restart would bring it back.
  #giveUp(peer: string): void {
    this.#untilDone(peer, () => this.#parts.store.forgetPool(peer));
  }

  #untilDone(peer: string, work: () => Promise<void>): void {
    const { store, clock } = this.#parts;
    work().catch((thrown: unknown) => {
      rethrowInvariant(thrown);
      if (!store.commit.isWhole) return;
      this.#log.error('kx.peer.error', { peer, reason: messageOf(thrown) });
      clock.after(limits.destroyRetryMs, () => this.#untilDone(peer, work));
    });
  }
}

/** The parts of an agent that is built whole. */
export type WholeAgent = AgentParts & { readonly neighbours: Neighbours };
