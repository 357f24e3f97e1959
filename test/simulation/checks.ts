import { messageOf } from '../../src/errors.ts';
import { limits } from '../../src/limits.ts';
import type { FrameWatch } from './frame-watch.ts';
import { type KeyLedger, Violation, violate } from './key-ledger.ts';
import type { FaultKind, Plan } from './plan.ts';
import type { SimApplications } from './sim-applications.ts';
import type { SimLink } from './sim-link.ts';
import type { SimNode } from './sim-node.ts';
import type { Timeline } from './timeline.ts';

export type CheckParts = {
  readonly plan: Plan;
  readonly timeline: Timeline;
  readonly nodes: readonly SimNode[];
  readonly links: readonly SimLink[];
  readonly applications: readonly SimApplications[];
  readonly ledger: KeyLedger;
  readonly watch: FrameWatch;
};

/** A block that a node has said it holds. */
type Promised = { readonly pool: string; readonly own: boolean; readonly number: number };

/** What a node says to a module is with it by then. */
const ON_ITS_WAY_MS = 10;
const RELAY_MS = 120_000;
/** Each block that waits for the disk has one. */
const TIMERS_MAX = 1_000;
const LOG_BYTES_MAX = 70 << 20;
const KEPT_REQUESTS = 5_000;

/** What must be true of the nodes at any time, and of all of them when all is well again. */
export class Checks {
  readonly #parts: CheckParts;
  readonly #promised = new Map<string, Promised[]>();
  readonly #lives = new Map<string, number>();
  readonly #forgotMs = new Map<string, number>();
  readonly #relays = new Set<{
    readonly what: string;
    readonly sinceMs: number;
    readonly node: SimNode;
    readonly life: number;
  }>();
  readonly stats = { acknowledged: 0, relayed: 0, relaysFailed: 0, lives: 0 };

  constructor(parts: CheckParts) {
    this.#parts = parts;
    for (const { id } of parts.nodes) this.#promised.set(id, []);
    parts.watch.onCompleted = ({ source, destination, number }) =>
      this.#promise(destination, { pool: source, own: false, number });
  }

  /** The module of a link has let go of a block: its node said that it is stored. */
  acknowledged(node: string, peer: string, number: number): void {
    this.stats.acknowledged += 1;
    this.#promise(node, { pool: peer, own: (number % 2 === 0) === node < peer, number });
  }

  /** A node has lost its disk, and with it all that it had promised to keep. */
  forget(node: string): void {
    this.#promised.set(node, []);
    this.#forgotMs.set(node, this.#parts.timeline.nowMs);
  }

  #promise(node: string, promised: Promised): void {
    // Said before the loss, and heard after it.
    if (this.#parts.timeline.nowMs - (this.#forgotMs.get(node) ?? Number.NEGATIVE_INFINITY) < ON_ITS_WAY_MS)
      return;
    this.#promised.get(node)!.push(promised);
  }

  /** Has key relayed as an operator does, and looks what comes of it. */
  relay(node: SimNode, to: string, keys: number, note: (node: string, event: string) => void): void {
    const { agent } = node;
    if (agent === undefined) return;
    const waits = {
      what: `relay ${node.id}>${to}`,
      sinceMs: this.#parts.timeline.nowMs,
      node,
      life: node.lives,
    };
    this.#relays.add(waits);
    agent
      .relay(to, keys)
      .then(
        ({ requestId }) => {
          this.stats.relayed += keys;
          note(node.id, `has relayed ${keys} keys to ${to}`);
          for (const { destination, number } of this.#parts.watch.carried(requestId))
            this.#promise(node.id, { pool: destination, own: true, number });
        },
        (thrown: unknown) => {
          this.stats.relaysFailed += 1;
          note(node.id, `has relayed nothing to ${to}: ${messageOf(thrown)}`);
        },
      )
      .finally(() => this.#relays.delete(waits));
  }

  /** Now and then, cheap. */
  now(): void {
    const { timeline, nodes, applications, watch } = this.#parts;
    for (const pair of applications) {
      const late = pair.overdue(timeline.nowMs);
      if (late !== undefined) violate('each request ends', `${late} has no answer after two minutes`);
    }
    for (const relay of this.#relays) {
      if (relay.node.lives !== relay.life) this.#relays.delete(relay);
      else if (timeline.nowMs - relay.sinceMs > RELAY_MS)
        violate('each request ends', `${relay.what} has no answer after two minutes`);
    }
    watch.forget(KEPT_REQUESTS);
    for (const node of nodes) {
      if (node.agent === undefined) continue;
      if (node.timers > TIMERS_MAX) violate('nothing grows', `${node.id} waits for ${node.timers} timers`);
      if (node.disk.logBytes > LOG_BYTES_MAX)
        violate('nothing grows', `the log of ${node.id} has ${node.disk.logBytes} bytes`);
      if (this.#lives.get(node.id) === node.lives) continue;
      this.#lives.set(node.id, node.lives);
      this.stats.lives += 1;
      this.#kept(node);
    }
  }

  // Some for the agent, some for each neighbour and its link.
  #timersAtRest({ id }: SimNode): number {
    return 20 + 6 * this.#parts.plan.edges.filter((edge) => edge.includes(id)).length;
  }

  // What a node promised before it died is there, or it says what became of it.
  #kept(node: SimNode): void {
    const { database } = node.disk;
    if (database === undefined) return;
    const find = database.prepare('SELECT state FROM block WHERE pool = ? AND own = ? AND number = ?');
    for (const { pool, own, number } of this.#promised.get(node.id) ?? [])
      if (find.get(pool, own ? 1 : 0, number) === undefined)
        violate(
          'nothing acknowledged is lost',
          `${node.id} has said that it holds block ${number} of ${pool}, and knows nothing of it`,
        );
  }

  /** No fault was for a while: everything works again. */
  healed(): void {
    const { nodes, links } = this.#parts;
    this.now();
    for (const node of nodes) {
      const status = node.agent?.status();
      if (status === undefined) throw new Violation('all heals', `${node.id} does not run`);
      this.#kept(node);
      if (node.timers > this.#timersAtRest(node))
        violate('nothing grows', `${node.id} waits for ${node.timers} timers`);
      const ends = node.host?.ends.size ?? 0;
      if (ends > status.peers.length) violate('nothing grows', `${node.id} has ${ends} connections`);
      for (const peer of status.peers)
        if (peer.state !== 'up')
          violate('all heals', `${node.id} has no connection to ${peer.kma_id}: ${peer.last_down}`);
      for (const link of status.links)
        if (link.state !== 'open')
          violate('all heals', `${node.id} has no module to ${link.peer}: ${link.last_lost}`);
      if (status.store.write_failed !== null)
        violate('all heals', `${node.id} cannot write: ${status.store.write_failed}`);
      if (status.audit.failure !== null)
        violate('all heals', `${node.id} keeps no trail: ${status.audit.failure}`);
    }
    for (const node of nodes) this.#relayPools(node);
    for (const link of links)
      for (const { node } of link.ends) {
        const pool = nodes
          .find(({ id }) => id === node)
          ?.agent?.status()
          .pools.find((one) => link.name.includes(one.kma_id) && one.kma_id !== node);
        if (pool === undefined || pool.own_keys === 0) this.#emptyPool(link, node);
      }
  }

  // Where links give enough, what was relayed away and taken comes back.
  #relayPools(node: SimNode): void {
    const { blockSeconds, blockUnits, pools } = this.#parts.plan;
    // What is asked for at once may be more than a small pool ever holds.
    if (pools !== undefined) return;
    // In the quiet minute, in one direction of a link; less what is kept for completions.
    const given = (blockUnits / blockSeconds) * 30 - 2 * limits.padReserveUnits;
    for (const { kma_id, kind, own_keys, low_water_keys } of node.agent?.status().pools ?? [])
      if (
        kind === 'relay' &&
        own_keys < (low_water_keys ?? 0) &&
        given / this.#shares(node.id, kma_id) > 4 * (low_water_keys ?? 0)
      )
        violate(
          'all heals',
          `${node.id} has ${own_keys} keys for ${kma_id}, of ${low_water_keys} that it is to have`,
        );
  }

  /** So many relay pools are filled over the link that is shared most on the way, in the same direction. */
  #shares(from: string, to: string): number {
    const ways = this.#parts.plan.relays.flatMap(({ from: a, to: b, via }) => [
      [a, ...via, b],
      [b, ...[...via].reverse(), a],
    ]);
    const hops = (way: readonly string[]) => way.slice(1).map((node, i) => `${way[i]}>${node}`);
    const own = hops(ways.find((way) => way[0] === from && way.at(-1) === to) ?? []);
    return Math.max(1, ...own.map((hop) => ways.filter((way) => hops(way).includes(hop)).length));
  }

  #emptyPool(link: SimLink, node: string): void {
    const { relays, pools } = this.#parts.plan;
    // What nobody fetched fills a small pool for ten minutes, and an own block that was never agreed on holds the floor down for an hour: longer
    // than this lasts.
    if (pools !== undefined) return;
    const [a = '', b = ''] = link.ends.map((end) => end.node);
    const onItsWay = relays.some(
      ({ from, to, via }) => [from, ...via, to].includes(a) && [from, ...via, to].includes(b),
    );
    // Where relays take all that the link gives, it is empty by right.
    if (!onItsWay) violate('all heals', `${node} has no key of ${link.name}, and nobody asked for some`);
  }

  counts(faults: ReadonlyMap<FaultKind, number>): Record<string, number> {
    const sum = (of: (pair: SimApplications) => number) =>
      this.#parts.applications.reduce((all, pair) => all + of(pair), 0);
    return {
      blocks: this.#parts.links.reduce((all, { made }) => all + made, 0),
      ...this.stats,
      taken: sum(({ stats }) => stats.taken),
      fetched: sum(({ stats }) => stats.fetched),
      refused: sum(({ stats }) => stats.refused),
      proved: sum(({ stats }) => stats.proved),
      units_used: this.#parts.ledger.used,
      faults: [...faults.values()].reduce((all, count) => all + count, 0),
    };
  }
}
